# Signed-rank and rank-sum tests of paired data: datasets::sleep (ties, a zero) and MASS::immer.
# Run in tests/reference/cases as Rscript ranks-paired.R sleep > ranks-sleep.csv; python3 ranks-paired.py sleep >> ranks-sleep.csv (and immer).
suppressMessages({ library(coin); library(exactRankTests) })
which <- commandArgs(TRUE)[1]
d <- read.csv(sprintf("../data/%s_pairs.csv", which), comment.char = "#")
names(d) <- c("id", "arm", "y")
r <- paste("R", paste(R.version$major, R.version$minor, sep = "."))
by <- function(p) paste(r, p, packageVersion(p))
cat("# figures of ranks-paired.R and ranks-paired.py\nanalysis,quantity,value,tolerance,by\n")
row <- function(analysis, quantity, value, tolerance, by) cat(paste(analysis, quantity, format(unname(value), digits = 17), tolerance, by, sep = ","), "\n", sep = "")
x <- d$y[d$arm == 1]; y <- d$y[d$arm == 0]
sides <- c("p" = "greater", "p-against" = "less", "p-two-sided" = "two.sided")
both <- function(analysis, f, by, tolerance = 1e-10) for (q in names(sides)) row(analysis, q, f(sides[[q]]), tolerance, by)
w <- function(...) suppressWarnings(wilcox.test(x, y, ...))
row("signed-rank", "rank-sum", w(paired = TRUE)$statistic, 1e-14, by("stats"))
both("signed-rank", function(s) w(paired = TRUE, exact = FALSE, correct = FALSE, alternative = s)$p.value, by("stats"))
both("signed-rank/continuity", function(s) w(paired = TRUE, exact = FALSE, correct = TRUE, alternative = s)$p.value, by("stats"))
both("signed-rank/exact", function(s) wilcox.exact(x, y, paired = TRUE, alternative = s)$p.value, by("exactRankTests"), 1e-12)
p <- data.frame(x = x, y = y)
row("signed-rank", "z", statistic(wilcoxsign_test(x ~ y, p, zero.method = "Wilcoxon")), 1e-12, by("coin"))
row("signed-rank/pratt", "z", statistic(wilcoxsign_test(x ~ y, p, zero.method = "Pratt")), 1e-12, by("coin"))
both("signed-rank/pratt-exact", function(s) pvalue(wilcoxsign_test(x ~ y, p, zero.method = "Pratt", distribution = "exact", alternative = s)), by("coin"), 1e-12)
both("wilcoxon/exact", function(s) wilcox.exact(x, y, alternative = s)$p.value, by("exactRankTests"), 1e-12)
d$group <- factor(d$arm, levels = 1:0)
d$block <- factor(d$id)
both("wilcoxon/exact", function(s) pvalue(wilcox_test(y ~ group, d, distribution = "exact", alternative = s)), by("coin"), 1e-12)
both("wilcoxon/continuity", function(s) w(exact = FALSE, correct = TRUE, alternative = s)$p.value, by("stats"))
# ranks within pairs: wilcox_test of coin would rank all patients together
d$rank <- ave(d$y, d$block, FUN = rank)
row("van-elteren", "z", statistic(independence_test(rank ~ group | block, d, teststat = "scalar")), 1e-11, by("coin"))
for (correct in c(FALSE, TRUE)) {
  name <- if (correct) "hodges-lehmann/continuity" else "hodges-lehmann"
  ci <- w(exact = FALSE, correct = correct, conf.int = TRUE, tol.root = 1e-13)
  row(name, "estimate", median(outer(x, y, "-")), 1e-14, by("stats"))
  # the roots are jumps of a step function, so differences of two patients: the bisection stops 1e-13 beside them
  differences <- c(outer(x, y, "-"))
  nearest <- function(root) differences[which.min(abs(differences - root))]
  row(name, "lower", nearest(ci$conf.int[1]), 1e-14, by("stats"))
  row(name, "upper", nearest(ci$conf.int[2]), 1e-14, by("stats"))
  both(name, function(s) w(exact = FALSE, correct = correct, alternative = s)$p.value, by("stats"))
}
