# ANHECOVA: RobinCar, and the estimate of Lin (2013) by estimatr.
# Run in tests/reference/cases as Rscript adjusted-means.R anorexia > adjusted-anorexia.csv; python3 adjusted-means.py anorexia >> adjusted-anorexia.csv
# (and lung).
suppressMessages({ library(RobinCar); library(estimatr) })
which <- commandArgs(TRUE)[1]
d <- read.csv(sprintf("../data/%s.csv", if (which == "lung") "lung_scores" else which), comment.char = "#")
if (which == "anorexia") d <- data.frame(y = d$postwt, arm = d$cbt, prewt = d$prewt)
if (which == "lung") d <- data.frame(y = d$wtloss, arm = d$female, d[c("age", "ecog", "karno", "mealcal")])
covariates <- setdiff(names(d), c("y", "arm"))
r <- paste("R", paste(R.version$major, R.version$minor, sep = "."))
by <- function(p) paste(r, p, packageVersion(p))
cat("# figures of adjusted-means.R and adjusted-means.py\nanalysis,quantity,value,tolerance,by\n")
row <- function(analysis, quantity, value, tolerance, by) cat(paste(analysis, quantity, format(unname(value), digits = 17), tolerance, by, sep = ","), "\n", sep = "")
d$arm <- factor(d$arm)
m <- suppressWarnings(robincar_linear(d, "arm", "y", covariate_cols = covariates, adj_method = "ANHECOVA",
  contrast_h = function(e) e[2] - e[1], contrast_dh = function(e) matrix(c(-1, 1), 1)))
row("anhecova", "mean-experimental", m$main$result$estimate[2], 1e-10, by("RobinCar"))
row("anhecova", "mean-control", m$main$result$estimate[1], 1e-10, by("RobinCar"))
row("anhecova", "estimate", m$contrast$result$estimate, 1e-9, by("RobinCar"))
row("anhecova", "se", m$contrast$result$se, 1e-9, by("RobinCar"))
row("anhecova", "p-two-sided", m$contrast$result[["pval (2-sided)"]], 1e-8, by("RobinCar"))
l <- lm_lin(y ~ arm, as.formula(paste("~", paste(covariates, collapse = " + "))), d)
row("anhecova", "estimate", coef(l)[["arm1"]], 1e-9, by("estimatr"))
cat("# not followed: HC2 of estimatr, which holds the covariates fixed:", format(l$std.error[["arm1"]], digits = 10), "\n")
