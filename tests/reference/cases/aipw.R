# Doubly robust differences of risks by their formula: Rscript aipw.R rotterdam > aipw-rotterdam.csv; also birthwt, lalonde, colon.
# Scores and outcome models by stats::glm, censoring by its product limit; standard errors by the infinitesimal jackknife of the whole
# pipeline by central differences in each patient's frequency (two steps, extrapolated).
case <- commandArgs(TRUE)
by <- sprintf("R %s.%s stats %s", R.version$major, R.version$minor, packageVersion("stats"))
cat("# printed by aipw.R\n# reason: standard errors come by differences from a refitted pipeline, to some ten digits\nanalysis,quantity,value,tolerance,by\n")
tight <- glm.control(epsilon = 1e-15, maxit = 100)

# probability that an arm's patients are not censored before the time of their event or at: events come first
uncensored <- function(d, b, at, k) {
  t <- d$time; ended <- d$event == 1 | d$competing == 1; here <- d$arm == b
  g <- rep(1, nrow(d))
  for (c in sort(unique(t[here & !ended & t < at]))) {
    y <- sum(k[here & (t > c | (t == c & !ended))]); n <- sum(k[here & t == c & !ended])
    g[pmin(t, at) > c] <- g[pmin(t, at) > c] * (1 - n / y)
  }
  g
}

aipw <- function(d, covariates, at, k = rep(1, nrow(d))) {
  d$k <- k
  e <- suppressWarnings(fitted(glm(reformulate(covariates, "arm"), binomial, d, weights = k, control = tight)))
  mean_of <- function(x) sum(k * x) / sum(k)
  terms <- sapply(0:1, function(b) {
    if (is.na(at)) { d$q <- 1 } else {
      known <- d$event == 1 & d$time <= at | d$competing == 1 & d$time <= at | d$time >= at
      d$y <- as.integer(d$event == 1 & d$time <= at)
      d$q <- known / uncensored(d, b, at, k)
    }
    d$kq <- d$k * d$q
    fit <- suppressWarnings(glm(reformulate(covariates, "y"), binomial, d, weights = kq, subset = arm == b & q > 0, control = tight))
    m <- predict(fit, d, type = "response")
    m + (d$arm == b) * d$q * (d$y - m) / (if (b) e else 1 - e)
  })
  list(theta = mean_of(terms[, 2]) - mean_of(terms[, 1]), terms = terms)
}

for (how in list(list("birthwt", c("age", "lwt", "ht", "ui"), 1, NA, "aipw"), list("lalonde", c("age", "educ", "black", "married", "re74"), 1, NA, "aipw"),
  list("rotterdam", c("age", "large", "nodes", "grade"), 30, 60, "aipw/months"), list("rotterdam", c("age", "large", "nodes", "grade"), 180, 8, "aipw/halves"),
  list("rotterdam", c("age", "meno", "nodes", "year"), 90, 30, "aipw/quarters"), list("colon", c("age", "sex", "obstruct", "extent"), 365, 7, "aipw"))) {
  if (how[[1]] != case) next
  d <- read.csv(paste0("../data/", case, ".csv"), comment.char = "#")
  if (case == "birthwt") { d$arm <- d$smoke; d$y <- d$low }
  if (case == "colon") d$competing <- 0
  if (!is.null(d$time)) d$time <- ceiling(d$time / how[[3]])
  at <- how[[4]]
  slope <- function(i, h) { k <- rep(1, nrow(d)); k[i] <- 1 + h; up <- aipw(d, how[[2]], at, k)$theta; k[i] <- 1 - h; (up - aipw(d, how[[2]], at, k)$theta) / (2 * h) }
  start <- aipw(d, how[[2]], at)
  se <- sqrt(sum(sapply(seq_len(nrow(d)), function(i) (4 * slope(i, 0.01) - slope(i, 0.02)) / 3)^2))
  put <- function(quantity, value, tolerance) cat(sprintf("%s,%s,%.17g,%s,%s\n", how[[5]], quantity, value, tolerance, by))
  put("estimate", start$theta, 1e-9)
  put("se", se, 2e-8)
  put("risk-experimental", mean(start$terms[, 2]), 1e-9)
  put("risk-control", mean(start$terms[, 1]), 1e-9)
}
