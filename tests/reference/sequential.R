# Group-sequential boundaries of rpact: critical values, futility bounds, inflation factor, expected information.
suppressMessages(library(rpact))
cat(sprintf("# %s, rpact %s\n", R.version.string, packageVersion("rpact")))
cat("design,quantity,look,value\n")
looks <- list("0.5 1" = c(.5, 1), "1/3 2/3 1" = (1:3)/3, "0.25 0.5 0.75 1" = (1:4)/4, "0.2 0.4 0.6 0.8 1" = (1:5)/5, "0.3 0.8 1" = c(.3, .8, 1), "0.6 0.75 0.9 1" = c(.6, .75, .9, 1))
show <- function(name, d) {
  ch <- getDesignCharacteristics(d)
  put <- function(q, x) for (k in seq_along(x)) if (is.finite(x[k]) && abs(x[k]) < 5.9) cat(sprintf("%s,%s,%d,%.10f\n", name, q, k, x[k]))
  put("upper", d$criticalValues)
  if (!is.null(d$futilityBounds) && length(d$futilityBounds) > 0 && !all(is.na(d$futilityBounds))) put("lower", d$futilityBounds)
  put("inflation", ch$inflationFactor); put("information0", ch$averageSampleNumber0 ); put("information01", ch$averageSampleNumber01); put("information1", ch$averageSampleNumber1)
  put("rejection", ch$rejectionProbabilities)
}
efficacy <- list(
  list("wang-tsiatis:0", list(typeOfDesign = "OF")), list("wang-tsiatis:0.5", list(typeOfDesign = "P")),
  list("wang-tsiatis:0.25", list(typeOfDesign = "WT", deltaWT = .25)), list("wang-tsiatis:-0.1", list(typeOfDesign = "WT", deltaWT = -.1)),
  list("haybittle-peto:3", list(typeOfDesign = "HP", constantBoundsHP = 3)),
  list("obrien-fleming", list(typeOfDesign = "asOF")), list("pocock", list(typeOfDesign = "asP")),
  list("hwang-shih-decani:-4", list(typeOfDesign = "asHSD", gammaA = -4)), list("hwang-shih-decani:1", list(typeOfDesign = "asHSD", gammaA = 1)),
  list("kim-demets:3", list(typeOfDesign = "asKD", gammaA = 3)))
n <- 0
for (l in seq_along(looks)) for (e in seq_along(efficacy)) for (sided in 1:2) {
  if ((l + e + sided) %% 2 == 0) next
  beta <- if ((l + e) %% 3 == 0) .1 else .2
  alpha <- if (sided == 2) .05 else .025
  d <- do.call(getDesignGroupSequential, c(list(kMax = length(looks[[l]]), informationRates = looks[[l]], alpha = alpha, beta = beta, sided = sided), efficacy[[e]][[2]]))
  show(sprintf("%s|%s|%d|%g|%g|never|0", names(looks)[l], efficacy[[e]][[1]], sided, alpha, beta), d); n <- n + 1
}
futility <- list(list("obrien-fleming", list(typeBetaSpending = "bsOF")), list("pocock", list(typeBetaSpending = "bsP")),
  list("hwang-shih-decani:-2", list(typeBetaSpending = "bsHSD", gammaB = -2)), list("kim-demets:2", list(typeBetaSpending = "bsKD", gammaB = 2)))
for (l in c(1, 2, 3, 5)) for (e in c(6, 8)) for (f in seq_along(futility)) for (binding in c(FALSE, TRUE)) {
  if ((l + e/2 + f + binding) %% 2 == 0) next
  d <- do.call(getDesignGroupSequential, c(list(kMax = length(looks[[l]]), informationRates = looks[[l]], alpha = .025, beta = .1, sided = 1, bindingFutility = binding), efficacy[[e]][[2]], futility[[f]][[2]]))
  show(sprintf("%s|%s|1|0.025|0.1|%s|%d", names(looks)[l], efficacy[[e]][[1]], futility[[f]][[1]], binding), d); n <- n + 1
}
for (e in c(1, 2, 6, 7)) for (binding in c(FALSE, TRUE)) {
  d <- do.call(getDesignGroupSequential, c(list(kMax = 3, informationRates = (1:3)/3, alpha = .025, beta = .2, sided = 1, futilityBounds = c(0, .5), bindingFutility = binding), efficacy[[e]][[2]]))
  show(sprintf("%s|%s|1|0.025|0.2|z:0:0.5|%d", names(looks)[2], efficacy[[e]][[1]], binding), d); n <- n + 1
}
cat(sprintf("# %d designs\n", n))
