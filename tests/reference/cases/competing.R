# Competing events: Rscript competing.R mgus2 > competing-mgus2.csv; also rotterdam.
suppressMessages({library(survival); library(cmprsk)})
case <- commandArgs(TRUE)
r <- sprintf("R %s.%s", R.version$major, R.version$minor)
of <- function(p) paste(r, p, packageVersion(p))
cat("# printed by competing.R\n# reason: crr ends where its likelihood no longer rises, some 1e-8 from the root; rows by hand continue it by Newton steps\n# reason: coxph halves its last steps where the likelihood no longer rises, some 1e-6 from the root; rows by hand take Newton's own\n# not followed: finegray of survival where patients are censored at the time of an event: it takes them as censored just after it; cmprsk is followed; without such ties both agree\nanalysis,quantity,value,tolerance,by\n")
row <- function(analysis, tolerance, by, ...) { x <- c(...); for (q in names(x)) cat(sprintf("%s,%s,%.17g,%s,%s\n", analysis, q, x[[q]], tolerance, by)) }
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
# Newton's method on the Efron score of the arm alone
efron <- function(time, dead, arm) {
  b <- 0
  for (k in 1:50) {
    score <- 0; information <- 0; e <- exp(b * arm)
    for (t in unique(time[dead])) {
      here <- dead & time == t; n <- sum(here); left <- (seq_len(n) - 1) / n
      s0 <- sum(e[time >= t]) - left * sum(e[here]); s1 <- sum((arm * e)[time >= t]) - left * sum((arm * e)[here])
      score <- score + sum(arm[here]) - sum(s1 / s0); information <- information + sum(s1 / s0 * (1 - s1 / s0))
    }
    b <- b + score / information
    if (abs(score / information) < 1e-15) break
  }
  c(b, 1 / sqrt(information))
}
d <- read.csv(paste0("../data/", case, ".csv"), comment.char = "#")
days <- d$time
for (unit in if (case == "mgus2") c(months = 1, years = 12) else c(days = 1, quarters = 90)) {
  suffix <- paste0("/", c(`1` = if (case == "mgus2") "months" else "days", `12` = "years", `90` = "quarters")[[as.character(unit)]])
  d$time <- ceiling(days / unit)
  state <- d$event + 2 * d$competing
  fit <- survfit(Surv(d$time, factor(state, 0:2)) ~ d$arm)
  for (at in if (case == "mgus2") c(60, 180, 300) else c(720, 2160)) {
    s <- summary(fit, times = at / unit, extend = TRUE)
    row(paste0("incidence/", at / unit, suffix), 1e-11, of("survival"), estimate = s$pstate[2, 2] - s$pstate[1, 2], se = sqrt(s$std.err[2, 2]^2 + s$std.err[1, 2]^2),
      `incidence-experimental` = s$pstate[2, 2], `se-experimental` = s$std.err[2, 2], `incidence-control` = s$pstate[1, 2], `se-control` = s$std.err[1, 2])
    i <- timepoints(cuminc(d$time, state, d$arm), at / unit)$est
    row(paste0("incidence/", at / unit, suffix), 1e-11, of("cmprsk"), `incidence-experimental` = i["1 1", 1], `incidence-control` = i["0 1", 1])
  }
  other <- ifelse(state > 0, 3 - state, 0)
  test <- function(state) cuminc(d$time, state, d$arm)$Tests["1", c("stat", "pv")]
  row(paste0("gray", suffix), 1e-10, of("cmprsk"), `p-two-sided` = pchisq(test(state)[["stat"]], 1, lower.tail = FALSE))
  row(paste0("gray-other", suffix), 1e-10, of("cmprsk"), `p-two-sided` = pchisq(test(other)[["stat"]], 1, lower.tail = FALSE))
  adjusted <- if (case == "mgus2") c("arm", "age", "hgb", "mspike") else c("arm", "age", "nodes", "grade")
  for (covariates in list("arm", adjusted)) for (which in c("", "-other")) {
    s <- if (which == "") state else other
    name <- paste0("fine-gray", which, if (length(covariates) > 1) "/adjusted", suffix)
    f <- crr(d$time, s, d[covariates], gtol = 1e-13, maxiter = 100); b <- polish(d$time, s, d[covariates], f$coef)
    row(name, 1e-6, of("cmprsk"), estimate = f$coef[[1]])
    row(name, 1e-9, paste(r, "naive"), estimate = b[[1]])
    row(name, 1e-9, of("cmprsk"), se = sqrt(crr(d$time, s, d[covariates], init = b)$var[1, 1]))
    # as a weighted Cox model
    g <- finegray(Surv(time, s) ~ ., data.frame(d[c("time", covariates)], s = factor(s, 0:2), id = seq_len(nrow(d))), etype = 1, id = id)
    m <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", paste(covariates, collapse = "+"))), g, weights = fgwt, ties = "breslow", control = coxph.control(eps = 1e-14, iter.max = 50))
    cat(sprintf("# not followed:,%s,estimate,%.17g,,%s\n", name, coef(m)[[1]], of("survival")))
    f <- coxph(as.formula(paste("Surv(time, s == 1) ~", paste(covariates, collapse = "+"))), data.frame(d, s), ties = "efron", control = coxph.control(eps = 1e-14, iter.max = 50))
    if (length(covariates) == 1) { e <- efron(d$time, s == 1, d$arm); row(sub("fine-gray", "cause-specific", name), 1e-9, paste(r, "naive"), estimate = e[1], se = e[2]) }
    row(sub("fine-gray", "cause-specific", name), 2e-6, of("survival"), estimate = coef(f)[[1]], se = sqrt(vcov(f)[1, 1]))
  }
}
