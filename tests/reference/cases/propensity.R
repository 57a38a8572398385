# Propensity-weighted effects: Rscript propensity.R rotterdam > propensity-rotterdam.csv; also birthwt, lalonde, mgus2.
# Scores by stats::glm, weights by the formulas of WeightIt, matching by MatchIt, effects and robust standard errors by survey::svyglm,
# survival::survfit and survival::coxph; stacked standard errors by the infinitesimal jackknife of the whole pipeline, score included,
# by central differences in each patient's frequency (two steps, extrapolated).
suppressMessages({library(survival); library(survey); library(MatchIt)})
case <- commandArgs(TRUE)
version <- sprintf("R %s.%s", R.version$major, R.version$minor)
of <- function(p) paste(version, p, packageVersion(p))
cat("# printed by propensity.R\n# reason: a stacked standard error comes by differences from a refitted pipeline, to some ten digits\nanalysis,quantity,value,tolerance,by\n")
tight <- glm.control(epsilon = 1e-15, maxit = 50)

read <- function(name, unit = 1) {
  d <- read.csv(paste0("../data/", name, ".csv"), comment.char = "#")
  if (!is.null(d$time)) d$time <- ceiling(d$time / unit)
  if (name == "birthwt") { d$arm <- d$smoke; d$y <- d$low }
  d
}

score <- function(d, covariates, k = rep(1, nrow(d))) {
  d$k <- k
  suppressWarnings(fit <- glm(reformulate(covariates, "arm"), binomial, d, weights = k, control = tight))
  fitted(fit)
}

# weights by scheme; k are frequencies
weigh <- function(d, e, scheme, treated, o, k = rep(1, nrow(d))) {
  a <- d$arm; p <- sum(k * a) / sum(k)
  w <- switch(scheme,
    ate = if (isTRUE(o$stabilised == "false")) ifelse(a == 1, 1 / e, 1 / (1 - e)) else ifelse(a == 1, p / e, (1 - p) / (1 - e)),
    att = if (treated == 1) ifelse(a == 1, 1, e / (1 - e)) else ifelse(a == 0, 1, (1 - e) / e),
    ato = ifelse(a == 1, 1 - e, e),
    rep(1, nrow(d)))
  if (!is.null(o$trim)) w[e < o$trim | e > 1 - o$trim] <- 0
  if (!is.null(o$truncate)) for (b in 0:1) {
    here <- a == b & w > 0
    w[here] <- pmin(w[here], quantile(w[here], o$truncate))
  }
  w
}

effect <- function(d, w, method, at) {
  switch(method,
    "weighted-difference" = weighted.mean(d$y[d$arm == 1], w[d$arm == 1]) - weighted.mean(d$y[d$arm == 0], w[d$arm == 0]),
    "weighted-cox" = cox_root(d, w),
    "weighted-kaplan-meier" = diff(sapply(0:1, function(b) km(d, w, b, at))),
    "weighted-incidence" = diff(sapply(0:1, function(b) aj(d, w, b, at))))
}
# Newton's method on the Efron score, since coxph halves its last steps and keeps nine digits
cox_root <- function(d, w) {
  o <- order(-d$time); d <- d[o, ]; w <- w[o]; dead <- d$event == 1 & w > 0
  end <- !duplicated(d$time, fromLast = TRUE)
  r <- sapply(0:1, function(b) cumsum(w * (d$arm == b))[end]); time <- d$time[end]
  sums <- function(x) { x <- tapply(x * dead, factor(d$time, time), sum); as.numeric(x) }
  n <- sums(rep(1, nrow(d))); q <- cbind(sums(w * (d$arm == 0)), sums(w * (d$arm == 1)))
  k <- rep(which(n > 0), n[n > 0]); gone <- (sequence(n[n > 0]) - 1) / n[k]
  r0 <- r[k, 1] - gone * q[k, 1]; r1 <- r[k, 2] - gone * q[k, 2]; wb <- (q[k, 1] + q[k, 2]) / n[k]
  beta <- 0
  for (i in 1:50) {
    m <- r1 * exp(beta) / (r0 + r1 * exp(beta))
    step <- (sum(q[, 2]) - sum(wb * m)) / sum(wb * m * (1 - m)); beta <- beta + step
    if (abs(step) < 1e-14) break
  }
  beta
}
km <- function(d, w, b, at) {
  here <- d$arm == b & w > 0; t <- d$time[here]; e <- d$event[here]; w <- w[here]
  prod(sapply(sort(unique(t[e == 1 & t <= at])), function(u) 1 - sum(w[t == u & e == 1]) / sum(w[t >= u])))
}
aj <- function(d, w, b, at) {
  here <- d$arm == b & w > 0; t <- d$time[here]; e <- d$event[here]; c <- d$competing[here]; w <- w[here]
  s <- 1; f <- 0
  for (u in sort(unique(t[(e == 1 | c == 1) & t <= at]))) {
    y <- sum(w[t >= u])
    f <- f + s * sum(w[t == u & e == 1]) / y
    s <- s * (1 - sum(w[t == u & (e == 1 | c == 1)]) / y)
  }
  f
}

robust <- function(d, w, method, at, pairs = NULL) {
  d$w <- w; d$id <- if (is.null(pairs)) seq_len(nrow(d)) else pairs
  d <- d[w > 0, ]
  if (method == "weighted-difference") {
    design <- svydesign(ids = ~id, weights = ~w, data = d)
    # svyglm has m/(m - 1) over m clusters
    m <- length(unique(d$id))
    sqrt(vcov(svyglm(y ~ arm, design))["arm", "arm"] * (m - 1) / m)
  } else if (method == "weighted-cox") {
    b <- cox_root(d, d$w)
    fit <- function(...) coxph(Surv(time, event) ~ arm + cluster(id), d, weights = w, ties = "efron", ...)
    stopifnot(abs(coef(fit()) - b) < 1e-6)
    sqrt(vcov(fit(init = b, control = coxph.control(iter.max = 0)))[1, 1])
  } else if (method == "weighted-kaplan-meier") {
    # influences of the clusters, both arms together since a pair has one of each
    f <- lapply(0:1, function(b) { s <- survfit(Surv(time, event) ~ 1, d[d$arm == b, ], weights = w, id = id, robust = TRUE, influence = 1)
      i <- findInterval(at, s$time); data.frame(id = sort(unique(d$id[d$arm == b])), f = (if (b) 1 else -1) * s$influence.surv[, i]) })
    sqrt(sum(tapply(c(f[[1]]$f, f[[2]]$f), c(f[[1]]$id, f[[2]]$id), sum)^2))
  } else {
    d$state <- factor(ifelse(d$event == 1, 1, ifelse(d$competing == 1, 2, 0)), 0:2, c("none", "event", "competing"))
    s <- lapply(0:1, function(b) { s <- survfit(Surv(time, state) ~ 1, d[d$arm == b, ], weights = w, id = id, robust = TRUE)
      s$std.err[findInterval(at, s$time), 2] })
    sqrt(s[[1]]^2 + s[[2]]^2)
  }
}

stacked <- function(d, covariates, method, scheme, treated, o, at) {
  start <- effect(d, weigh(d, score(d, covariates), scheme, treated, o), method, at)
  theta <- function(k) { e <- score(d, covariates, k); effect(d, weigh(d, e, scheme, treated, o, k) * k, method, at) }
  slope <- function(i, h) { k <- rep(1, nrow(d)); k[i] <- 1 + h; up <- theta(k); k[i] <- 1 - h; (up - theta(k)) / (2 * h) }
  psi <- sapply(seq_len(nrow(d)), function(i) (4 * slope(i, 0.01) - slope(i, 0.02)) / 3)
  sqrt(sum(psi^2))
}

balance <- function(d, covariates, e, w) {
  a <- d$arm; x <- as.matrix(d[covariates])
  s <- sqrt((apply(x[a == 1, , drop = FALSE], 2, var) + apply(x[a == 0, , drop = FALSE], 2, var)) / 2)
  smd <- function(w) max(abs(apply(x, 2, function(x) weighted.mean(x[a == 1], w[a == 1]) - weighted.mean(x[a == 0], w[a == 0])) / s))
  ess <- function(w) sum(w)^2 / sum(w^2)
  low <- max(min(e[a == 1]), min(e[a == 0])); high <- min(max(e[a == 1]), max(e[a == 0]))
  c(ess(w[a == 1]), ess(w[a == 0]), smd(rep(1, nrow(d))), smd(w), mean(e >= low & e <= high),
    max(w[a == 1] / sum(w[a == 1]), w[a == 0] / sum(w[a == 0])))
}

# the distance within each pair
apart <- function(logit, pair) as.numeric(tapply(logit[!is.na(pair)], pair[!is.na(pair)], function(l) diff(range(l))))

# number of each patient's pair, 0 for none
greedy <- function(logit, treat, caliper) {
  pair <- integer(length(treat)); treated <- which(treat == 1)
  for (i in treated[order(-logit[treated])]) {
    free <- which(treat == 0 & pair == 0)
    if (!length(free)) break
    j <- free[which.min(abs(logit[free] - logit[i]))]
    if (abs(logit[j] - logit[i]) <= caliper * sd(logit)) pair[c(i, j)] <- i
  }
  pair
}

row <- function(name, covariates, method, scheme, variance = "robust", treated = 1, o = list(), unit = 1, at = NA) {
  if (name != case) return(invisible())
  d <- read(name, unit); e <- score(d, covariates); pairs <- NULL; matched <- 0
  if (scheme %in% c("matched", "strata")) {
    d$treat <- if (treated == 1) d$arm else 1 - d$arm
    f <- reformulate(covariates, "treat")
    if (scheme == "matched") {
      # MatchIt 4.5.1 cuts distances to whole numbers before it looks at the caliper (differences of logits below 1 all
      # pass); a millionth of a logit as unit makes that harmless
      logit <- unname(predict(glm(f, binomial, d, control = tight))) * 1e6
      m <- matchit(f, d, method = "nearest", distance = logit, caliper = o$caliper)
      # controls of equal score change places with nothing else changed: there the first in row order is taken
      pairs <- greedy(logit, d$treat, o$caliper); w <- as.numeric(pairs > 0)
      stopifnot(all.equal(sort(apart(logit, as.integer(m$subclass))), sort(apart(logit, ifelse(w > 0, pairs, NA)))))
      matched <- sum(w[d$treat == 1]) / sum(d$treat)
    } else w <- matchit(f, d, method = "subclass", estimand = "ATE", subclass = o$strata, min.n = 0)$weights
    w <- unname(w)
  } else w <- weigh(d, e, scheme, treated, o)
  se <- if (variance == "robust") robust(d, w, method, at, pairs) else stacked(d, covariates, method, scheme, treated, o, at)
  words <- c(sub("weighted-", "", method), scheme, if (variance == "stacked") variance, if (treated == 0) "control", if (length(o)) gsub(".", "-", paste(names(o), unlist(o), sep = "-"), fixed = TRUE), if (name == "rotterdam") c(`1` = "days", `30` = "months", `90` = "quarters")[[as.character(unit)]])
  by <- if (variance == "stacked") of("stats") else of(if (method == "weighted-difference") "survey" else "survival")
  put <- function(quantity, value, tolerance, by) cat(sprintf("%s,%s,%.17g,%s,%s\n", paste(words, collapse = "/"), quantity, value, tolerance, by))
  put("estimate", effect(d, w, method, at), 1e-9, by)
  put("se", se, if (variance == "robust") 1e-9 else 2e-8, by)
  if (variance == "stacked") return(invisible())
  figures <- balance(d, covariates, e, w)
  # a balance of 0 is one of rounding errors
  figures[abs(figures) < 1e-9] <- 0
  names <- c("ess-experimental", "ess-control", "largest-smd-before", "largest-smd-after", "overlap", "largest-weight")
  for (k in seq_along(names)) put(names[k], figures[[k]], 1e-9, of("stats"))
  if (scheme == "matched") put("matched-share", matched, 1e-12, of("MatchIt"))
}

b <- c("age", "lwt", "ptl", "ht", "ui", "black", "other")
l <- c("age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75")
r <- c("age", "meno", "large", "nodes", "grade", "year")
for (scheme in c("ate", "att", "ato")) for (treated in if (scheme == "att") 1:0 else 1) {
  for (variance in c("robust", "stacked")) {
    row("birthwt", b, "weighted-difference", scheme, variance, treated)
    for (unit in c(1, 90)) row("rotterdam", r, "weighted-cox", scheme, variance, treated, unit = unit)
    for (method in c("weighted-kaplan-meier", "weighted-incidence"))
      row("rotterdam", r, method, scheme, variance, treated, unit = 90, at = 20)
  }
  row("lalonde", l, "weighted-difference", scheme, "robust", treated)
}
for (variance in c("robust", "stacked"))
  row("rotterdam", r, "weighted-cox", "ate", variance, o = list(stabilised = "false"), unit = 90)
for (o in list(list(trim = 0.05), list(trim = 0.1, truncate = 0.9), list(truncate = 0.95)))
  for (method in c("weighted-kaplan-meier", "weighted-incidence", "weighted-cox"))
    row("rotterdam", r, method, "ate", o = o, unit = 30, at = 60)
row("lalonde", l, "weighted-difference", "ato", o = list(trim = 0.1))
row("lalonde", l, "weighted-difference", "att", "stacked", o = list(trim = 0.1))
for (caliper in c(0.2, 0.05)) {
  for (treated in 1:0) row("lalonde", l, "weighted-difference", "matched", treated = treated, o = list(caliper = caliper))
  for (method in c("weighted-kaplan-meier", "weighted-cox"))
    row("rotterdam", r, method, "matched", o = list(caliper = caliper), unit = 30, at = 60)
}
row("birthwt", b, "weighted-difference", "strata", o = list(strata = 5))
for (method in c("weighted-kaplan-meier", "weighted-incidence", "weighted-cox"))
  row("rotterdam", r, method, "strata", o = list(strata = 4), unit = 30, at = 60)
m <- c("age", "hgb", "mspike")
for (scheme in c("ate", "att", "ato")) for (method in c("weighted-kaplan-meier", "weighted-incidence", "weighted-cox")) row("mgus2", m, method, scheme, at = 60)
for (method in c("weighted-kaplan-meier", "weighted-incidence")) row("mgus2", m, method, "ate", "stacked", at = 60)
