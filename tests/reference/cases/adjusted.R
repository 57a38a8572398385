# Marginal effects on a proportion with covariates: beeca, RobinCar, stdReg and sandwich.
# Run in tests/reference/cases as Rscript adjusted.R birthwt > adjusted-birthwt.csv; python3 adjusted.py birthwt >> adjusted-birthwt.csv
# (and infert, and colon: covariates missing).
suppressMessages({ library(beeca); library(sandwich); library(RobinCar) })
which <- commandArgs(TRUE)[1]
d <- read.csv(sprintf("../data/%s.csv", if (which == "colon") "colon_tiers" else which), comment.char = "#")
if (which == "colon") d <- data.frame(y = d$death_event, d[c("arm", "sex", "extent", "differ", "nodes")])
if (which == "birthwt") d <- data.frame(y = d$low, arm = d$smoke, d[c("age", "lwt", "black", "other")])
if (which == "infert") d <- data.frame(y = d$case, arm = d$spontaneous, age = d$age, parity = d$parity, one = as.integer(d$induced == 1), two = as.integer(d$induced == 2))
whole <- d
d <- na.omit(d)
covariates <- setdiff(names(d), c("y", "arm"))
d$arm <- factor(d$arm)
r <- paste("R", paste(R.version$major, R.version$minor, sep = "."))
by <- function(p) paste(r, p, packageVersion(p))
cat("# figures of adjusted.R and adjusted.py\nanalysis,quantity,value,tolerance,by\n")
row <- function(analysis, quantity, value, tolerance, by) cat(paste(analysis, quantity, format(unname(value), digits = 17), tolerance, by, sep = ","), "\n", sep = "")
exact <- glm.control(epsilon = 1e-15, maxit = 100)
one <- as.formula(paste("y ~ arm +", paste(covariates, collapse = " + ")))
own <- as.formula(paste("y ~ arm * (", paste(covariates, collapse = " + "), ")"))
contrasts <- c(rd = "diff", rr = "logrr", or = "logor")
for (e in names(contrasts)) {
  # beeca takes no interactions with the arm
  for (v in c("ye", "ge", "ge-model")) {
    fit <- do.call(glm, list(one, "binomial", d, control = exact))
    m <- suppressWarnings(get_marginal_effect(fit, "arm", method = if (v == "ye") "Ye" else "Ge",
      type = if (v == "ge-model") "model-based" else "HC0", contrast = contrasts[[e]], reference = "0"))
    row(paste(e, v, sep = "/"), "estimate", m$marginal_est, 1e-9, by("beeca"))
    row(paste(e, v, sep = "/"), "se", m$marginal_se, 1e-8, by("beeca"))
  }
}
fit <- do.call(glm, list(one, "binomial", d, control = exact))
h <- list(rd = function(e) e[2] - e[1], rr = function(e) log(e[2] / e[1]), or = function(e) qlogis(e[2]) - qlogis(e[1]))
dh <- list(rd = function(e) matrix(c(-1, 1), 1), rr = function(e) matrix(c(-1 / e[1], 1 / e[2]), 1),
  or = function(e) matrix(c(-1 / (e[1] * (1 - e[1])), 1 / (e[2] * (1 - e[2]))), 1))
cat("# reason for 1e-6: RobinCar fits with the default control of glm, which stops at a relative change of the deviance of 1e-8\n")
for (e in names(h)) for (f in list(c("", one), c("/heterogeneous", own))) {
  d$y <- as.numeric(d$y)
  m <- suppressWarnings(robincar_glm(d, "arm", "y", formula = f[[2]], g_family = binomial(), contrast_h = h[[e]], contrast_dh = dh[[e]]))
  row(paste0(e, "/ye", f[[1]]), "estimate", m$contrast$result$estimate, 1e-6, by("RobinCar"))
  row(paste0(e, "/ye", f[[1]]), "se", m$contrast$result$se, 1e-6, by("RobinCar"))
}
poisson <- glm(one, "poisson", d, control = exact)
row("modified-poisson", "estimate", coef(poisson)[["arm1"]], 1e-10, by("sandwich"))
cat("# reason for 2e-8: glm keeps the weights of the step before its last; in 40 digits the standard error is that of statsmodels\n")
row("modified-poisson", "se", sqrt(vcovHC(poisson, "HC0")["arm1", "arm1"]), 2e-8, by("sandwich"))
whole$arm <- factor(whole$arm)
poisson <- glm(y ~ arm, "poisson", whole, control = exact)
row("modified-poisson/unadjusted", "estimate", coef(poisson)[["arm1"]], 1e-12, by("sandwich"))
row("modified-poisson/unadjusted", "se", sqrt(vcovHC(poisson, "HC0")["arm1", "arm1"]), 1e-12, by("sandwich"))
# the sandwich of the coefficients and both risks together; stdReg divides by n - 1, and so by n here
suppressMessages(library(stdReg))
d$arm <- as.integer(d$arm) - 1
n <- nrow(d)
for (f in list(c("", one), c("/heterogeneous", own))) {
  fit <- do.call(glm, list(f[[2]], "binomial", d, control = exact))
  s <- stdGlm(fit, d, "arm", x = 0:1)
  for (e in names(h)) {
    g <- dh[[e]](s$est)
    row(paste0(e, "/influence", f[[1]]), "estimate", h[[e]](s$est), 1e-9, by("stdReg"))
    row(paste0(e, "/influence", f[[1]]), "se", sqrt(c(g %*% s$vcov %*% t(g)) * (n - 1) / n), 1e-7, by("stdReg"))
  }
}
