# Doubly robust differences of risks by their formula: scores and outcome models by stats::glm, censoring by its product
# limit; standard errors by the infinitesimal jackknife of the whole pipeline by central differences in each patient's
# frequency (two steps, extrapolated). Column plain: the influence function alone, all models taken as known; column
# uncensored: censoring alone taken as known. Run in tests/reference; prints aipw.csv.
cat("#", R.version.string, "\n")
cat("data,covariates,method,variance,treated,options,unit,at,estimate,se,plain,uncensored\n")
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

aipw <- function(d, covariates, at, k = rep(1, nrow(d)), fixed = FALSE) {
  d$k <- k
  e <- suppressWarnings(fitted(glm(reformulate(covariates, "arm"), binomial, d, weights = k, control = tight)))
  mean_of <- function(x) sum(k * x) / sum(k)
  terms <- sapply(0:1, function(b) {
    if (is.na(at)) { d$q <- 1 } else {
      known <- d$event == 1 & d$time <= at | d$competing == 1 & d$time <= at | d$time >= at
      d$y <- as.integer(d$event == 1 & d$time <= at)
      d$q <- known / uncensored(d, b, at, if (fixed) rep(1, nrow(d)) else k)
    }
    d$kq <- d$k * d$q
    fit <- suppressWarnings(glm(reformulate(covariates, "y"), binomial, d, weights = kq, subset = arm == b & q > 0, control = tight))
    m <- predict(fit, d, type = "response")
    m + (d$arm == b) * d$q * (d$y - m) / (if (b) e else 1 - e)
  })
  list(theta = mean_of(terms[, 2]) - mean_of(terms[, 1]), terms = terms)
}

for (case in list(list("birthwt", c("age", "lwt", "ht", "ui"), 1, NA), list("lalonde", c("age", "educ", "black", "married", "re74"), 1, NA),
  list("rotterdam", c("age", "large", "nodes", "grade"), 30, 60), list("rotterdam", c("age", "large", "nodes", "grade"), 180, 8),
  list("rotterdam", c("age", "meno", "nodes", "year"), 90, 30), list("colon", c("age", "sex", "obstruct", "extent"), 365, 7))) {
  d <- read.csv(paste0("data/", case[[1]], ".csv"), comment.char = "#")
  if (case[[1]] == "birthwt") { d$arm <- d$smoke; d$y <- d$low }
  if (case[[1]] == "colon") d$competing <- 0
  if (!is.null(d$time)) d$time <- ceiling(d$time / case[[3]])
  at <- case[[4]]
  start <- aipw(d, case[[2]], at)
  jackknife <- function(fixed) {
    slope <- function(i, h) { k <- rep(1, nrow(d)); k[i] <- 1 + h; up <- aipw(d, case[[2]], at, k, fixed)$theta
      k[i] <- 1 - h; (up - aipw(d, case[[2]], at, k, fixed)$theta) / (2 * h) }
    sqrt(sum(sapply(seq_len(nrow(d)), function(i) (4 * slope(i, 0.01) - slope(i, 0.02)) / 3)^2))
  }
  plain <- sqrt(sum((start$terms[, 2] - start$terms[, 1] - start$theta)^2)) / nrow(d)
  figures <- c(start$theta, jackknife(FALSE), plain, if (is.na(at)) NA else jackknife(TRUE))
  cat(case[[1]], paste(case[[2]], collapse = "+"), "aipw", "stacked", 1, "", case[[3]], at,
    paste(trimws(formatC(figures, digits = 15, format = "g")), collapse = ","), sep = ",")
  cat("\n")
}
