# Restricted means. R package survival. Run in tests/reference; prints competing.csv.
library(survival)
cat("#", R.version.string, "survival", as.character(packageVersion("survival")), "\n")
cat("case,quantity,value\n")
out <- function(case, ...) { x <- c(...); for (q in names(x)) cat(paste(case, q, trimws(formatC(x[[q]], digits = 16, format = "g")), sep = ","), "\n", sep = "") }
for (name in c("lung", "veteran", "colon")) for (unit in c(1, 90)) {
  d <- read.csv(paste0("data/", name, ".csv"), comment.char = "#"); d$time <- ceiling(d$time / unit)
  for (at in if (name == "colon") c(365, 2500) else c(100, 550)) {
    t <- summary(survfit(Surv(time, event) ~ arm, d), rmean = ceiling(at / unit))$table
    out(paste("rmst", name, unit, ceiling(at / unit), sep = "/"), experimental = t[2, "rmean"], se.experimental = t[2, "se(rmean)"], control = t[1, "rmean"], se.control = t[1, "se(rmean)"])
  }
}
