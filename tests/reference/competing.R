# Competing events, restricted means, risk ratios. R packages survival, cmprsk, MASS. Run in tests/reference; prints competing.csv.
suppressMessages({library(survival); library(cmprsk)})
cat("#", R.version.string, "survival", as.character(packageVersion("survival")), "cmprsk", as.character(packageVersion("cmprsk")), "\n")
cat("case,quantity,value\n")
out <- function(case, ...) { x <- c(...); for (q in names(x)) cat(paste(case, q, trimws(formatC(x[[q]], digits = 16, format = "g")), sep = ","), "\n", sep = "") }
# crr ends where its likelihood no longer rises, some 1e-8 from the root: Newton steps on the score as Fine and Gray write it
polish <- function(time, state, X, b) {
  X <- as.matrix(X); ct <- sort(unique(time[state == 0]))
  G <- cumprod(1 - sapply(ct, function(u) sum(time == u & state == 0) / sum(time >= u)))
  before <- function(t) c(1, G)[1 + findInterval(t, ct, left.open = TRUE)]
  ev <- sort(unique(time[state == 1])); d <- sapply(ev, function(t) sum(time == t & state == 1))
  W <- outer(time, ev, ">=") + outer(time, ev, "<") * (state == 2) * outer(1 / before(time), before(ev))
  for (k in 1:6) {
    e <- W * exp(drop(X %*% b)); S0 <- colSums(e); m <- t(t(X) %*% e) / S0; score <- colSums(X[state == 1, , drop = FALSE]) - colSums(m * d); I <- 0
    for (j in seq_along(ev)) I <- I + d[j] * (t(X) %*% (X * e[, j]) / S0[j] - m[j, ] %o% m[j, ])
    b <- b + solve(I, score)
  }
  b
}
for (unit in c(1, 12)) {
  d <- read.csv("data/mgus2.csv", comment.char = "#"); d$time <- ceiling(d$time / unit)
  state <- d$event + 2 * d$competing
  fit <- survfit(Surv(d$time, factor(state, 0:2)) ~ d$arm)
  for (at in c(60, 180, 300)) {
    s <- summary(fit, times = at / unit, extend = TRUE)
    out(paste("incidence", unit, at / unit, sep = "/"), experimental = s$pstate[2, 2], se.experimental = s$std.err[2, 2], control = s$pstate[1, 2], se.control = s$std.err[1, 2])
  }
  out(paste("gray", unit, sep = "/"), chisq = cuminc(d$time, state, d$arm)$Tests["1", "stat"])
  other <- ifelse(state > 0, 3 - state, 0)
  out(paste("gray-other", unit, sep = "/"), chisq = cuminc(d$time, other, d$arm)$Tests["1", "stat"])
  for (covariates in list("arm", c("arm", "age", "hgb", "mspike"))) {
    case <- function(x) paste(x, unit, paste(covariates, collapse = "+"), sep = "/")
    f <- crr(d$time, state, d[covariates], gtol = 1e-13, maxiter = 100); b <- polish(d$time, state, d[covariates], f$coef); v <- crr(d$time, state, d[covariates], init = b)$var
    out(case("fine-gray"), estimate = b[[1]], crr = f$coef[[1]], se = sqrt(v[1, 1]))
    f <- crr(d$time, other, d[covariates], gtol = 1e-13, maxiter = 100); b <- polish(d$time, other, d[covariates], f$coef); v <- crr(d$time, other, d[covariates], init = b)$var
    out(case("fine-gray-other"), estimate = b[[1]], crr = f$coef[[1]], se = sqrt(v[1, 1]))
    f <- coxph(as.formula(paste("Surv(time, event) ~", paste(covariates, collapse = "+"))), d, ties = "efron", control = coxph.control(eps = 1e-14, iter.max = 50))
    out(case("cause-specific"), estimate = coef(f)[[1]], se = sqrt(vcov(f)[1, 1]))
  }
}
for (name in c("lung", "veteran", "colon")) for (unit in c(1, 90)) {
  d <- read.csv(paste0("data/", name, ".csv"), comment.char = "#"); d$time <- ceiling(d$time / unit)
  for (at in if (name == "colon") c(365, 2500) else c(100, 550)) {
    t <- summary(survfit(Surv(time, event) ~ arm, d), rmean = ceiling(at / unit))$table
    out(paste("rmst", name, unit, ceiling(at / unit), sep = "/"), experimental = t[2, "rmean"], se.experimental = t[2, "se(rmean)"], control = t[1, "rmean"], se.control = t[1, "se(rmean)"])
  }
}
exact <- glm.control(epsilon = 1e-15, maxit = 100)
d <- read.csv("data/birthwt.csv", comment.char = "#")
f <- glm(low ~ smoke, binomial("log"), d, control = exact)
out("risk/birthwt", estimate = coef(f)[[2]], se = sqrt(vcov(f)[2, 2]))
d <- read.csv("data/infert.csv", comment.char = "#")
f <- glm(case ~ spontaneous, binomial("log"), d, control = exact)
out("risk/infert", estimate = coef(f)[[2]], se = sqrt(vcov(f)[2, 2]))
