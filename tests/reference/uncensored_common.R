# Shared by the reference scripts of analyses without censoring.
read <- function(name) read.csv(sprintf("data/%s.csv", name), comment.char = "#")
begin <- function(packages = character()) {
  v <- vapply(packages, function(p) sprintf(", %s %s", p, packageVersion(p)), "")
  cat(sprintf("# R %s.%s%s\ncase,quantity,value\n", R.version$major, R.version$minor, paste(v, collapse = "")))
}
put <- function(case, ...) {
  x <- list(...)
  for (q in names(x)) cat(sprintf("%s,%s,%.16g\n", case, q, x[[q]]))
}
# the Wald test and interval
wald <- function(case, b, se, tail = 0.025)
  put(case, estimate = b, se = se, lower = b - qnorm(tail, lower.tail = FALSE) * se,
    upper = b + qnorm(tail, lower.tail = FALSE) * se, z = b / se, p = pnorm(b / se, lower.tail = FALSE))
birthwt <- read("birthwt"); infert <- read("infert"); housing <- read("housing"); sleep <- read("sleep")
tooth <- read("toothgrowth"); anorexia <- read("anorexia"); lung <- read("lung_scores")
