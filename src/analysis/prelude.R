options(digits = 17, warn = 1)
if (requireNamespace("survival", quietly = TRUE)) suppressPackageStartupMessages(library(survival))
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
folder <- if (length(script)) dirname(script[1]) else "."

# Prints what a row gives; where it fails, or a package is not installed, it says so and prints nothing.
row <- function(name, packages, answer) {
  lacking <- Filter(function(p) !requireNamespace(p, quietly = TRUE), packages)
  if (length(lacking)) return(message(name, ": not computed, package ", paste(lacking, collapse = ", "), " is not installed"))
  x <- tryCatch(answer, error = function(e) { message(name, ": ", conditionMessage(e)); NULL })
  for (quantity in names(x)[is.finite(x)]) cat(sprintf("%s,%s,%.17g\n", name, quantity, x[[quantity]]))
}

# Patients analysed: those asked for who have every value, but for columns that may be empty.
analysed <- function(d, who, open = character(0)) {
  droplevels(d[who %in% TRUE & complete.cases(d[setdiff(names(d), open)]), , drop = FALSE])
}

# Wald's test; p is one-sided, in favour of the experimental arm.
wald <- function(estimate, se, null, better, df = Inf) {
  z <- unname(better * (estimate - null) / se)
  c(estimate = unname(estimate), se = unname(se), z = z, p = pt(z, df, lower.tail = FALSE))
}
tested <- function(z, estimate = NA, se = NA) {
  c(estimate = unname(estimate), se = unname(se), z = unname(z), p = pnorm(unname(z), lower.tail = FALSE))
}

# The effect where a condition holds less the effect where it does not.
difference <- function(a, b, better) {
  wald(a[["estimate"]] - b[["estimate"]], sqrt(a[["se"]]^2 + b[["se"]]^2), 0, better)
}

# Two one-sided tests of equivalence.
equivalence <- function(above, below) {
  above[["z"]] <- min(above[["z"]], below[["z"]])
  above[["p"]] <- max(above[["p"]], below[["p"]])
  above
}

# Two binomial samples, control and experimental: patients, responders, proportions.
binomial_table <- function(d) {
  n <- c(sum(d$arm == 0), sum(d$arm == 1))
  x <- c(sum(d$y[d$arm == 0]), sum(d$y[d$arm == 1]))
  list(n = n, x = x, p = x / n, se = sqrt(sum(x / n * (1 - x / n) / n)))
}

# Pairs of patients tier by tier: functions of rows i and j, 1 where i fares better, -1 where worse.
by_time <- function(time, event) function(i, j) {
  (event[j] == 1 & time[j] < time[i]) - (event[i] == 1 & time[i] < time[j])
}
by_value <- function(value, threshold = 0) function(i, j) {
  verdict <- (value[i] - value[j] > threshold) - (value[j] - value[i] > threshold)
  ifelse(is.na(verdict), 0, verdict)
}
compare <- function(tiers, i, j) outer(i, j, function(i, j) {
  verdict <- 0 * i
  for (tier in tiers) verdict <- ifelse(verdict == 0, tier(i, j), verdict)
  verdict
})
# Wins, losses and pairs within strata, each over the stratum's patients, and the sums of squares of the first-order projection.
pairs_of <- function(d, tiers) {
  stratum <- if (is.null(d$stratum)) rep(1, nrow(d)) else as.integer(d$stratum)
  sums <- c(wins = 0, losses = 0, pairs = 0, ww = 0, wl = 0, ll = 0)
  for (s in unique(stratum)) {
    i <- which(stratum == s & d$arm == 1)
    j <- which(stratum == s & d$arm == 0)
    if (length(i) == 0 || length(j) == 0) next
    verdict <- compare(tiers, i, j)
    w <- verdict == 1
    l <- verdict == -1
    spread <- function(x, y) {
      sum((rowSums(x) - mean(rowSums(x))) * (rowSums(y) - mean(rowSums(y)))) +
        sum((colSums(x) - mean(colSums(x))) * (colSums(y) - mean(colSums(y))))
    }
    n <- length(i) + length(j)
    sums <- sums + c(sum(w) / n, sum(l) / n, length(w) / n, c(spread(w, w), spread(w, l), spread(l, l)) / n^2)
  }
  as.list(sums)
}
net_benefit <- function(d, tiers) with(pairs_of(d, tiers), list(estimate = (wins - losses) / pairs, se = sqrt(ww + ll - 2 * wl) / pairs))

# Event times of two arms, within strata: d events among r at risk, d1 and r1 of them experimental; the pooled survival just before.
event_table <- function(d) {
  stratum <- if (is.null(d$stratum)) rep(1, nrow(d)) else as.integer(d$stratum)
  do.call(rbind, lapply(unique(stratum), function(s) {
    x <- d[stratum == s, ]
    t <- sort(unique(x$time[x$event == 1]))
    count <- function(f) vapply(t, f, 0)
    table <- data.frame(t = t, d = count(function(t) sum(x$time == t & x$event == 1)), r = count(function(t) sum(x$time >= t)),
                        d1 = count(function(t) sum(x$time == t & x$event == 1 & x$arm == 1)), r1 = count(function(t) sum(x$time >= t & x$arm == 1)))
    table$free <- cumprod(c(1, 1 - table$d / table$r))[seq_along(t)]
    table
  }))
}
# Score and covariances of log-rank tests with weights, a column each.
log_rank_scores <- function(e, weights) {
  weights <- as.matrix(weights)
  v <- ifelse(e$r > 1, e$d * e$r1 / e$r * (1 - e$r1 / e$r) * (e$r - e$d) / pmax(e$r - 1, 1), 0)
  list(u = colSums(weights * (e$d1 - e$d * e$r1 / e$r)), v = t(weights) %*% (weights * v))
}

# Survival of each arm at a time, control and experimental, with Greenwood's standard error.
survival_at <- function(d, at) {
  lapply(0:1, function(a) {
    s <- summary(survfit(Surv(time, event) ~ 1, data = d[d$arm == a, ], timefix = FALSE), times = at, extend = TRUE)
    list(s = s$surv, se = if (s$surv > 0) s$std.err else 0)
  })
}
# Convergence to machine precision; times that differ are not made equal.
tight_cox <- if (requireNamespace("survival", quietly = TRUE)) coxph.control(eps = 1e-13, iter.max = 60, toler.chol = 1e-14, timefix = FALSE)
tight_glm <- glm.control(epsilon = 1e-14, maxit = 60)

# The standard error from influences; where the estimated propensity score counts, with its part: `slope` is the derivative of the
# logarithm of each weight along the score's predictor, `share` whether weights have the share of the arm in them.
influence_se <- function(psi, score = NULL, arm = NULL, slope = NULL, share = FALSE) {
  if (!is.null(score)) {
    x <- model.matrix(score)
    e <- fitted(score)
    along <- colSums(psi * slope * x)
    constant <- if (share) (arm - mean(arm)) / length(arm) * (sum(psi[arm == 1]) / mean(arm) - sum(psi[arm == 0]) / (1 - mean(arm))) else 0
    psi <- psi + drop(x %*% solve(crossprod(x, x * e * (1 - e)), along)) * (arm - e) + constant
  }
  sqrt(sum(psi^2))
}

# Covariance of adjusted means in a randomised trial, control and experimental, from the predictions for all in either arm.
randomised_covariance <- function(d, m) {
  S <- cov(m)
  within <- lapply(0:1, function(a) list(share = mean(d$arm == a), y = var(d$y[d$arm == a]), q = drop(cov(d$y[d$arm == a], m[d$arm == a, ]))))
  own <- vapply(1:2, function(a) with(within[[a]], (y - 2 * q[a] + S[a, a]) / share + 2 * q[a] - S[a, a]), 0)
  cross <- within[[2]]$q[1] + within[[1]]$q[2] - S[1, 2]
  matrix(c(own[1], cross, cross, own[2]), 2) / nrow(d)
}
