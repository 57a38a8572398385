# Figures of the cases proportions-*, pairs-* and posterior-*. Run in tests/reference/cases: Rscript proportions.R NAME > NAME.csv, and
# then python3 proportions.py NAME >> NAME.csv. Needs ratesci, PropCIs, metafor, exact2x2 and
# testBinomial of gsDesign beside base R and survival.
suppressMessages({library(ratesci); library(metafor); library(exact2x2); library(survival)})
case <- commandArgs(TRUE)[1]
program <- function(package) paste("R", paste(R.version$major, R.version$minor, sep = "."), package, if (package %in% c("naive", "stats")) "" else packageVersion(package))
row <- function(analysis, quantity, value, tolerance, package = "stats")
  for (k in seq_along(quantity)) if (is.finite(value[k]))
    cat(paste(analysis, quantity[k], format(value[k], digits = 17), tolerance, trimws(program(package)), sep = ","), "\n", sep = "")
read <- function(name) read.csv(file.path("..", "data", paste0(name, ".csv")), comment.char = "#")
cat("# printed by proportions.R and proportions.py\n# reason: fisher.test finds its estimate and limits by uniroot to about 1e-4; ratesci its limits to 8 decimals, and its score is nudged off 0; PropCIs its limits by steps to about 1e-7; mcnemar.exact as fisher.test\nanalysis,quantity,value,tolerance,by\n")

exact_root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-15, maxiter = 10000)$root

unstratified <- function(y, arm, sign, margin, ratio) {
  n <- c(sum(arm == 0), sum(arm == 1)); x <- c(sum(y[arm == 0]), sum(y[arm == 1])); p <- x / n
  d <- p[2] - p[1]
  wilson <- function(i, z) (p[i] + z^2 / (2 * n[i]) + c(-1, 1) * z * sqrt(p[i] * (1 - p[i]) / n[i] + z^2 / (4 * n[i]^2))) / (1 + z^2 / n[i])
  reach <- function(z) { e <- wilson(2, z); c0 <- wilson(1, z); c(sqrt((p[2] - e[1])^2 + (c0[2] - p[1])^2), sqrt((e[2] - p[2])^2 + (p[1] - c0[1])^2)) }
  newcombe <- function(name, alpha, null) {
    r <- reach(qnorm(1 - alpha / 2))
    row(name, c("estimate", "se", "lower", "upper"), c(d, sqrt(sum(p * (1 - p) / n)), d - r[1], d + r[2]), 1e-10, "naive")
    z <- if (d == null) 0 else if (d > null) exact_root(function(z) d - reach(z)[1] - null, 1e-8, 35) else -exact_root(function(z) d + reach(z)[2] - null, 1e-8, 35)
    row(name, c("z", "p"), c(sign * z, pnorm(-sign * z)), 1e-8, "naive")
  }
  newcombe("newcombe", 0.05, 0); newcombe("newcombe/margin", 0.05, margin); newcombe("newcombe/90", 0.1, 0)
  mn <- function(name, contrast, null, bcf, tolerance) {
    s <- suppressWarnings(scoreci(x[2], n[2], x[1], n[1], contrast = contrast, skew = FALSE, bcf = bcf, precis = 8, theta0 = null))
    limits <- s$estimates[1, c("lower", "upper")]
    row(name, c("lower", "upper"), if (contrast == "RR") log(limits) else limits, 1e-6, "ratesci")
    z <- s$pval[1, "scorenull"] * sign
    row(name, "z", z, tolerance, "ratesci")
    g <- gsDesign::testBinomial(x[2], x[1], n[2], n[1], delta0 = if (contrast == "RR") log(null) else null, adj = as.integer(bcf), scale = if (contrast == "RR") "RR" else "Difference")
    row(name, "z", sign * unname(g), 1e-9, "gsDesign")
    if (contrast == "RD" && bcf) row(name, c("lower", "upper"), PropCIs::diffscoreci(x[2], n[2], x[1], n[1], 0.95)$conf.int, 1e-5, "PropCIs")
  }
  mn("miettinen-nurminen", "RD", 0, TRUE, 1e-8); mn("miettinen-nurminen/margin", "RD", margin, TRUE, 1e-8)
  mn("miettinen-nurminen/ratio", "RR", 1, TRUE, 1e-6); mn("miettinen-nurminen/ratio-margin", "RR", ratio, TRUE, 1e-6)
  mn("farrington-manning", "RD", 0, FALSE, 1e-8); mn("farrington-manning/margin", "RD", margin, FALSE, 1e-8)
  fisher <- function(name, null) {
    t <- matrix(c(x[2], n[2] - x[2], x[1], n[1] - x[1]), 2)
    p1 <- function(a) fisher.test(t, or = null, alternative = a)$p.value
    f <- fisher.test(t, or = null)
    tails <- c(p1("greater"), p1("less")); if (sign < 0) tails <- rev(tails)
    row(name, c("p", "p-against", "p-two-sided"), c(tails, f$p.value), 1e-10)
    row(name, c("estimate", "lower", "upper"), log(c(f$estimate, f$conf.int)), 2e-4)
  }
  fisher("fisher", 1); fisher("fisher/margin", ratio)
  binom <- function(name, level) {
    b <- binom.test(x[2], n[2], 0.3, conf.level = level)
    tails <- c(binom.test(x[2], n[2], 0.3, "greater")$p.value, binom.test(x[2], n[2], 0.3, "less")$p.value); if (sign < 0) tails <- rev(tails)
    row(name, c("estimate", "lower", "upper", "p", "p-against", "p-two-sided", "experimental"), c(b$estimate - 0.3, b$conf.int - 0.3, tails, b$p.value, b$estimate), 1e-10)
  }
  binom("clopper-pearson", 0.95); binom("clopper-pearson/90", 0.9)
  beta <- function(name, e, c0, null) {
    a <- c(e[1] + x[2], e[2] + n[2] - x[2]); b <- c(c0[1] + x[1], c0[2] + n[1] - x[1])
    # over quantiles of the control's posterior: no density that could be infinite
    above <- function(delta) integrate(function(u) pbeta(qbeta(u, b[1], b[2]) + delta, a[1], a[2], lower.tail = FALSE), 0, 1, rel.tol = 1e-12, subdivisions = 2000)$value
    benefit <- above(null); if (sign < 0) benefit <- 1 - benefit
    # 1 - x and absolute errors of the quadrature leave nothing of smaller ones
    if (min(benefit, 1 - benefit) > 1e-4) row(name, c("benefit", "p"), c(benefit, 1 - benefit), 1e-9, "naive")
    m <- a[1] / sum(a) - b[1] / sum(b)
    row(name, c("estimate", "se"), c(m, sqrt(prod(a) / sum(a)^2 / (sum(a) + 1) + prod(b) / sum(b)^2 / (sum(b) + 1))), 1e-12, "naive")
  }
  beta("beta-binomial", c(1, 1), c(1, 1), 0); beta("beta-binomial/informative", c(0.5, 0.5), c(12, 28), margin)
  posterior("normal-posterior/difference", d, sqrt(sum(p * (1 - p) / n)), 0, 0.1, margin, sign, 0.05)
  if (all(x > 0)) {
    or <- log(x[2] * (n[1] - x[1]) / (x[1] * (n[2] - x[2])))
    posterior("normal-posterior/odds-ratio", or, sqrt(sum(1 / x + 1 / (n - x))), 0.1, 0.5, log(ratio), sign, 0.05)
  }
}

posterior <- function(name, estimate, se, mean, sd, null, sign, alpha) {
  w <- 1 / c(sd, se)^2; m <- sum(w * c(mean, estimate)) / sum(w); s <- 1 / sqrt(sum(w))
  row(name, c("estimate", "se", "lower", "upper", "z", "p"), c(m, s, qnorm(c(alpha / 2, 1 - alpha / 2), m, s), sign * (m - null) / s, pnorm(-sign * (m - null) / s)), 1e-10, "naive")
  row(name, c("data-estimate", "data-se", "prior-share"), c(estimate, se, w[1] / sum(w)), 1e-10, "naive")
}

stratified <- function(y, arm, strata, sign, margin, ratio, pairs = FALSE) {
  strata <- factor(strata)
  count <- function(a, f) as.vector(tapply(f[arm == a], strata[arm == a], sum)); one <- rep(1, length(y))
  x1 <- count(1, y); x0 <- count(0, y); n1 <- count(1, one); n0 <- count(0, one)
  for (v in list(x1, x0, n1, n0)) v[is.na(v)] <- 0
  x1[is.na(x1)] <- 0; x0[is.na(x0)] <- 0; n1[is.na(n1)] <- 0; n0[is.na(n0)] <- 0
  both <- n1 > 0 & n0 > 0
  x1 <- x1[both]; x0 <- x0[both]; n1 <- n1[both]; n0 <- n0[both]
  if (!pairs) for (w in c("MN", "MH")) for (contrast in c("RD", "RR")) for (null in c("0", "margin")) {
    theta <- if (contrast == "RD") (if (null == "0") 0 else margin) else (if (null == "0") 1 else ratio)
    name <- paste0("miettinen-nurminen/strata-", tolower(w), if (contrast == "RR") "-ratio", if (null == "margin") "-margin")
    junk <- capture.output(s <- suppressWarnings(scoreci(x1, n1, x0, n0, contrast = contrast, skew = FALSE, bcf = TRUE, precis = 8, stratified = TRUE, weighting = w, theta0 = theta, mn_tol = 1e-12)))
    limits <- s$estimates[1, c("lower", "upper", "est")]
    row(name, c("lower", "upper"), if (contrast == "RR") log(limits[1:2]) else limits[1:2], 1e-6, "ratesci")
    row(name, "estimate", if (contrast == "RR") log(limits[3]) else limits[3], 1e-6, "ratesci")
    row(name, "z", s$pval[1, "scorenull"] * sign, 1e-6, "ratesci")
  }
  for (m in list(c("odds-ratio", "OR"), c("risk-difference", "RD"), c("risk-ratio", "RR"))) {
    r <- suppressWarnings(rma.mh(ai = x1, n1i = n1, ci = x0, n2i = n0, measure = m[2], correct = FALSE))
    name <- paste0("mantel-haenszel/", m[1])
    row(name, c("estimate", "se", "lower", "upper", "z", "p-two-sided"), c(r$beta, r$se, r$ci.lb, r$ci.ub, sign * r$zval, r$pval), 1e-10, "metafor")
  }
  use <- n1 + n0 > 1
  t <- array(rbind(x1, n1 - x1, x0, n0 - x0)[, use], c(2, 2, sum(use)))
  for (correct in c(FALSE, TRUE)) {
    h <- mantelhaen.test(t, correct = correct)
    name <- if (correct) "cmh/continuity" else "cmh"
    row(name, "p-two-sided", h$p.value, 1e-10)
    s <- sum(x1) - sum(n1 * (x1 + x0) / (n1 + n0))
    row(name, "z", sign * sqrt(unname(h$statistic)) * (if (s < 0) -1 else 1), 1e-10)
  }
  h <- mantelhaen.test(t, correct = FALSE)
  row("mantel-haenszel/odds-ratio", c("estimate", "lower", "upper"), log(c(h$estimate, h$conf.int)), 1e-10)
}

matched <- function(y, arm, id, sign, margin, ratio) {
  d <- merge(data.frame(id, y)[arm == 1, ], data.frame(id, y)[arm == 0, ], by = "id")
  b <- sum(d$y.x > d$y.y); c0 <- sum(d$y.x < d$y.y); n <- nrow(d)
  t <- table(factor(d$y.x, 0:1), factor(d$y.y, 0:1))
  for (correct in c(FALSE, TRUE)) {
    m <- mcnemar.test(t, correct = correct)
    name <- if (correct) "mcnemar/continuity" else "mcnemar"
    row(name, c("z", "p-two-sided"), c(sign * sqrt(unname(m$statistic)) * (if (b < c0) -1 else 1), m$p.value), 1e-10)
    row(name, c("pairs", "experimental-alone", "control-alone"), c(n, b, c0), 1e-14)
  }
  # the mean of the differences of pairs, its variance over n
  difference <- d$y.x - d$y.y; se <- sqrt(mean((difference - mean(difference))^2) / n)
  row("mcnemar", c("estimate", "se", "lower", "upper"), c(mean(difference), se, mean(difference) + c(-1, 1) * qnorm(0.975) * se), 1e-10, "naive")
  row("mcnemar/margin", "z", sign * (mean(difference) - margin) / se, 1e-10, "naive")
  exact <- function(name, null) {
    e <- binom.test(b, b + c0, null / (1 + null))
    tails <- sapply(c("greater", "less"), function(a) binom.test(b, b + c0, null / (1 + null), a)$p.value); if (sign < 0) tails <- rev(tails)
    row(name, c("p", "p-against", "p-two-sided"), c(tails, e$p.value), 1e-10)
    row(name, c("estimate", "lower", "upper"), qlogis(c(b / (b + c0), e$conf.int)), 1e-10)
  }
  exact("mcnemar/exact", 1); exact("mcnemar/exact-margin", ratio)
  m <- mcnemar.exact(matrix(c(0, c0, b, 0), 2))
  row("mcnemar/exact", c("estimate", "lower", "upper", "p-two-sided"), c(log(c(m$estimate, m$conf.int)), m$p.value), 1e-8, "exact2x2")
  m <- exact2x2(matrix(c(0, c0, b, 0), 2), paired = TRUE, midp = TRUE, tsmethod = "central", conf.int = TRUE)
  row("mcnemar/mid-p", "p-two-sided", m$p.value, 1e-10, "exact2x2")
  row("mcnemar/mid-p", c("estimate", "lower", "upper"), log(c(m$estimate, m$conf.int)), 2e-4, "exact2x2")
}

switch(case,
  "proportions-birthwt" = { d <- read("birthwt"); unstratified(d$low, d$smoke, -1, 0.1, 1.3); stratified(d$low, d$smoke, paste(d$black, d$other), -1, 0.1, 1.3) },
  "proportions-arthritis" = { d <- read("arthritis"); y <- d$improved == 2; unstratified(y, d$treated, 1, -0.1, 0.8); stratified(y, d$treated, d$female, 1, -0.1, 0.8) },
  "proportions-ucb" = { d <- read("ucb"); unstratified(d$admitted, d$female, 1, -0.05, 0.9); stratified(d$admitted, d$female, d$dept, 1, -0.05, 0.9) },
  "proportions-pbc" = { d <- read("pbc"); unstratified(d$ascites, d$drug, -1, 0.05, 1.5); stratified(d$ascites, d$drug, d$stage, -1, 0.05, 1.5) },
  "proportions-cholesterol" = {
    d <- read("pbc"); d <- d[!is.na(d$chol), ]; y <- d$chol >= 300; unstratified(y, d$drug, -1, 0.15, 1.3)
    d <- d[!is.na(d$trig), ]; stratified(d$chol >= 300, d$drug, paste(d$stage, d$trig >= 120), -1, 0.15, 1.3) },
  "proportions-zero" = { d <- read("arthritis"); d <- d[d$female == 0, ]; unstratified(d$improved == 1, d$treated, 1, -0.1, 0.8) },
  "pairs-diabetic" = { d <- read("diabetic"); matched(d$blind, d$treated, d$id, -1, -0.1, 0.8); stratified(d$blind, d$treated, d$id, -1, 0, 1, TRUE) },
  "pairs-infert" = { d <- read("infert_pairs"); matched(d$spontaneous, d$case, d$pair, -1, 0.1, 1.5); stratified(d$spontaneous, d$case, d$pair, -1, 0, 1, TRUE) },
  "posterior-lung" = {
    d <- read("lung"); m <- coxph(Surv(time, event) ~ arm, d, control = coxph.control(eps = 1e-14, iter.max = 50)); se <- sqrt(vcov(m)[1, 1])
    posterior("sceptical", coef(m)[[1]], se, 0, 0.2, 0, -1, 0.05); posterior("enthusiastic", coef(m)[[1]], se, -0.4, 0.35, log(0.9), -1, 0.1) },
  "posterior-veteran" = {
    d <- read("veteran"); m <- coxph(Surv(time, event) ~ arm, d, control = coxph.control(eps = 1e-14, iter.max = 50)); se <- sqrt(vcov(m)[1, 1])
    posterior("sceptical", coef(m)[[1]], se, 0, 0.2, 0, -1, 0.05); posterior("enthusiastic", coef(m)[[1]], se, -0.4, 0.35, log(0.9), -1, 0.1) },
  "posterior-toothgrowth" = {
    d <- read("toothgrowth"); m <- t.test(len ~ factor(juice, 1:0), d); e <- unname(m$estimate[1] - m$estimate[2])
    posterior("sceptical", e, m$stderr, 0, 2, 0, 1, 0.05); posterior("flat/margin", e, m$stderr, -50, 10000, -1, 1, 0.05) },
  "posterior-birthwt" = {
    d <- read("birthwt"); m <- t.test(bwt ~ factor(smoke, 1:0), d); e <- unname(m$estimate[1] - m$estimate[2])
    posterior("sceptical", e, m$stderr, 0, 100, 0, 1, 0.05); posterior("flat/margin", e, m$stderr, -50, 10000, -100, 1, 0.05) })
