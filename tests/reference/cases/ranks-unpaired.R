# Rank-sum tests, shifts and van Elteren's test: MASS::birthwt by race, datasets::ToothGrowth by dose, survival::colon by extent (ties in all).
# Run in tests/reference/cases as Rscript ranks-unpaired.R birthwt > ranks-birthwt.csv; python3 ranks-unpaired.py birthwt >> ranks-birthwt.csv
# (and toothgrowth, and colon: missing values, too many patients for exact tests).
suppressMessages({ library(coin); library(exactRankTests) })
which <- commandArgs(TRUE)[1]
d <- if (which != "colon") read.csv(sprintf("../data/%s.csv", which), comment.char = "#")
if (which == "birthwt") { d <- data.frame(y = d$bwt, arm = d$smoke, block = factor(2 * d$black + d$other)); margin <- -500 }
if (which == "toothgrowth") { d <- data.frame(y = d$len, arm = d$juice, block = factor(d$dose)); margin <- -2 }
if (which == "colon") { d <- read.csv("../data/colon_tiers.csv", comment.char = "#"); d <- na.omit(data.frame(y = d$nodes, arm = d$arm, block = factor(d$extent))); margin <- 0.5 }
r <- paste("R", paste(R.version$major, R.version$minor, sep = "."))
by <- function(p) paste(r, p, packageVersion(p))
cat("# figures of ranks-unpaired.R and ranks-unpaired.py\nanalysis,quantity,value,tolerance,by\n")
row <- function(analysis, quantity, value, tolerance, by) cat(paste(analysis, quantity, format(unname(value), digits = 17), tolerance, by, sep = ","), "\n", sep = "")
x <- d$y[d$arm == 1]; y <- d$y[d$arm == 0]
d$group <- factor(d$arm, levels = 1:0)
sides <- c("p" = "greater", "p-against" = "less", "p-two-sided" = "two.sided")
# fewer nodes are better: the sides and z turn
turn <- if (which == "colon") -1 else 1
if (turn < 0) sides[1:2] <- sides[2:1]
both <- function(analysis, f, by, tolerance = 1e-10) for (q in names(sides)) row(analysis, q, f(sides[[q]]), tolerance, by)
w <- function(...) suppressWarnings(wilcox.test(x, y, ...))
both("wilcoxon", function(s) w(exact = FALSE, correct = FALSE, alternative = s)$p.value, by("stats"))
both("wilcoxon/continuity", function(s) w(exact = FALSE, correct = TRUE, alternative = s)$p.value, by("stats"))
if (which != "colon") {
  both("wilcoxon/exact", function(s) wilcox.exact(x, y, exact = TRUE, alternative = s)$p.value, by("exactRankTests"), 1e-10)
  both("wilcoxon/exact", function(s) pvalue(wilcox_test(y ~ group, d, distribution = "exact", alternative = s)), by("coin"), 1e-10)
}
row("wilcoxon", "z", turn * statistic(wilcox_test(y ~ group, d)), 1e-12, by("coin"))
differences <- sort(c(outer(x, y, "-")))
nearest <- function(root) differences[which.min(abs(differences - root))]
for (correct in c(FALSE, TRUE)) {
  name <- if (correct) "hodges-lehmann/continuity" else "hodges-lehmann"
  ci <- w(exact = FALSE, correct = correct, conf.int = TRUE, tol.root = 1e-12)
  row(name, "estimate", median(differences), 1e-14, by("stats"))
  # the roots are jumps of a step function, so differences of two patients: the bisection stops 1e-12 beside them
  row(name, "lower", nearest(ci$conf.int[1]), 1e-14, by("stats"))
  row(name, "upper", nearest(ci$conf.int[2]), 1e-14, by("stats"))
}
both("hodges-lehmann/margin", function(s) w(exact = FALSE, correct = TRUE, mu = margin, alternative = s)$p.value, by("stats"))
if (which != "colon") {
  # wilcox.test gives exact limits without ties only: its own lines, with qwilcox
  qu <- max(qwilcox(0.025, length(x), length(y)), 1)
  row("hodges-lehmann/exact", "lower", differences[qu], 1e-14, by("stats"))
  row("hodges-lehmann/exact", "upper", differences[length(differences) - qu + 1], 1e-14, by("stats"))
  both("hodges-lehmann/exact", function(s) wilcox.exact(x, y, exact = TRUE, alternative = s)$p.value, by("exactRankTests"), 1e-10)
}
# scores within blocks times the weight of the block
weights <- list("van-elteren" = function(b) 1 / (length(b) + 1), "van-elteren/n0n1" = function(b) 1 / (sum(b == 1) * sum(b == 0)), "van-elteren/equal" = function(b) 1)
for (name in names(weights)) {
  d$score <- ave(seq_along(d$y), d$block, FUN = function(i) rank(d$y[i]) * weights[[name]](d$arm[i]))
  test <- independence_test(score ~ group | block, d, teststat = "scalar")
  row(name, "z", turn * statistic(test), 1e-11, by("coin"))
  row(name, "p-two-sided", pvalue(test), 1e-9, by("coin"))
}
