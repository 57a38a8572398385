# Interval-censored survival: R package interval 1.1 (EM), with standard errors by the numeric inverse information of the masses.
# Run in tests/reference; prints interval.csv.
suppressMessages(library(interval))
cat("#", R.version.string, "interval", as.character(packageVersion("interval")), "\n")
cat("case,quantity,value\n")
out <- function(case, ...) { x <- c(...); for (q in names(x)) cat(paste(case, q, trimws(formatC(x[[q]], digits = 16, format = "g")), sep = ","), "\n", sep = "") }
at <- list(bcos = c(6.5, 20, 30, 46), lung_visits = c(100, 250.5, 400))
control <- icfitControl(epsilon = 1e-13, maxit = 1e6)
ends <- function(d) list(L = d$left, R = d$right)
fit <- function(d) {
  # EM is slow near 0: masses that it has nearly removed are set to 0, and Newton's method finishes
  f <- icfit(d$left, d$right, control = control); A <- f$A
  if (is.null(A)) { A <- interval:::Aintmap(d$left, d$right)$A }
  if (nrow(A) != nrow(d)) A <- t(A)
  p <- f$pf; keep <- p > 1e-7; B <- A[, keep, drop = FALSE]; p <- p[keep] / sum(p[keep])
  for (k in 1:50) { D <- drop(B %*% p); H <- crossprod(B / D); p <- p + solve(H, colSums(B / D) - nrow(B)); p <- p / sum(p) }
  D <- drop(B %*% p); stopifnot(all(p > 0), max(colSums(A / D)) < nrow(A) * (1 + 1e-7))
  # free masses: all but the last
  k <- length(p); J <- rbind(diag(k - 1), -1); V <- J %*% solve(t(J) %*% crossprod(B / D) %*% J) %*% t(J)
  list(ends = f$intmap[, keep], p = p, V = V)
}
read <- function(name) { d <- read.csv(paste0("data/", name, ".csv"), comment.char = "#"); d$right <- as.numeric(d$right); d }
for (name in names(at)) {
  d <- read(name)
  arms <- lapply(1:0, function(a) fit(d[d$arm == a, ]))
  for (t in at[[name]]) {
    s <- unlist(lapply(arms, function(f) {
      l <- f$ends[1, ]; u <- f$ends[2, ]
      c <- ifelse(u <= t, 1, ifelse(l >= t, 0, (t - l) / (u - l)))
      c(1 - sum(c * f$p), sqrt(drop(c %*% f$V %*% c)))
    }))
    out(paste("turnbull", name, t, sep = "/"), experimental = s[1], se.experimental = s[2], control = s[3], se.control = s[4])
  }
  test <- ictest(d$left, d$right, d$arm, scores = "logrank1", exact = FALSE, method = "pclt", icontrol = icfitControl(epsilon = 1e-9, maxit = 2e4))
  out(paste("log-rank", name, sep = "/"), z = as.numeric(test$statistic), two.sided = test$p.value)
}
