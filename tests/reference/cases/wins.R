# Win statistics: WINS (estimates, stratified and weighted for censoring), BuyseTest (with variances), and all pairs by hand.
# Run in tests/reference/cases as Rscript wins.R veteran > wins-veteran.csv; python3 wins.py veteran >> wins-veteran.csv (and colon, housing).
suppressMessages({ library(WINS); library(BuyseTest); library(coin) })
which <- commandArgs(TRUE)[1]
r <- paste("R", paste(R.version$major, R.version$minor, sep = "."))
by <- function(p) paste(r, p, packageVersion(p))
cat("# figures of wins.R and wins.py\nanalysis,quantity,value,tolerance,by\n")
row <- function(analysis, quantity, value, tolerance, by) cat(paste(analysis, quantity, format(unname(value), digits = 17), tolerance, by, sep = ","), "\n", sep = "")
BuyseTest.options(order.Hprojection = 1, trace = 0)
quietly <- function(x) { capture.output(y <- suppressMessages(suppressWarnings(x))); y }
# of a BuyseTest: P(win), P(loss) and their covariance
by_buyse <- function(name, formula, d, suffix, pool) {
  b <- quietly(BuyseTest(formula, d, scoring.rule = "Gehan", method.inference = "u-statistic", pool.strata = pool))
  get <- function(s) { x <- quietly(confint(b, statistic = s, transformation = FALSE)); x[nrow(x), ] }
  nb <- get("netBenefit"); wr <- get("winRatio")
  # the probability is half of one plus the net benefit
  row(paste0("door", suffix), "estimate", 0.5 + nb$estimate / 2, 1e-10, by("BuyseTest"))
  row(paste0("door", suffix), "se", nb$se / 2, 1e-8, by("BuyseTest"))
  if (name == "ordinal") return(invisible(NULL))
  row(paste0("net-benefit", suffix), "estimate", nb$estimate, 1e-10, by("BuyseTest"))
  row(paste0("net-benefit", suffix), "se", nb$se, 1e-8, by("BuyseTest"))
  row(paste0("win-ratio", suffix), "estimate", log(wr$estimate), 1e-10, by("BuyseTest"))
  row(paste0("win-ratio", suffix), "se", wr$se / wr$estimate, 1e-8, by("BuyseTest"))
  row(paste0("win-odds", suffix), "estimate", log((1 + nb$estimate) / (1 - nb$estimate)), 1e-10, by("BuyseTest"))
  row(paste0("win-odds", suffix), "se", 2 * nb$se / (1 - nb$estimate^2), 1e-8, by("BuyseTest"))
}
by_wins <- function(suffix, data, type, tau, weight, method = "unadjusted", only = c("win-ratio", "net-benefit", "win-odds")) {
  w <- quietly(win.stat(data, ep_type = type, tau = tau, priority = seq_along(type), np_direction = "larger", arm.name = c(1, 0), alpha = 0.05,
    digit = 5, pvalue = "two-sided", stratum.weight = weight, method = method, summary.print = FALSE))
  s <- w$Win_statistic
  found <- c("win-ratio" = log(s$Win_Ratio[[1]]), "net-benefit" = s$Net_Benefit[[1]], "win-odds" = log(s$Win_Odds[[1]]))
  for (n in only) row(paste0(n, suffix), "estimate", found[[n]], 1e-10, by("WINS"))
  cat("# not followed: z of the win ratio by WINS, whose variance is that of the null hypothesis:", format(w$z_statistic[[1]], digits = 8), "\n")
}
if (which == "veteran") {
  d <- read.csv("../data/veteran.csv", comment.char = "#")
  # BuyseTest lets who is censored at the time of another's event live longer
  d$time <- d$time + 0.25 * (d$event == 0)
  f <- arm ~ tte(time, status = event) + cont(karno, threshold = 10 + 1e-6)
  by_buyse("h", f, d, "", "Buyse")
  by_buyse("h", update(f, . ~ . + strata(celltype)), d, "/stratified", "CMH")
  w <- data.frame(id = seq_len(nrow(d)), arm = d$arm, stratum = d$celltype, Delta_1 = d$event, Y_1 = d$time, Y_2 = d$karno)
  by_wins("", w, c("tte", "continuous"), c(0, 10), "unstratified")
  by_wins("/stratified", w, c("tte", "continuous"), c(0, 10), "MH-type")
}
if (which == "colon") {
  d <- read.csv("../data/colon_tiers.csv", comment.char = "#")
  d$death_time <- d$death_time + 0.25 * (d$death_event == 0)
  d$recurrence_time <- d$recurrence_time + 0.25 * (d$recurrence_event == 0)
  d$stratum <- as.integer(factor(2 * d$extent + d$sex))
  # a missing number of nodes decides nothing: apart from it, larger is better
  d$fewer <- -d$nodes
  f <- arm ~ tte(death_time, status = death_event) + tte(recurrence_time, status = recurrence_event) + cont(fewer, threshold = 2 + 1e-6)
  by_buyse("h", f, d, "", "Buyse")
  by_buyse("h", update(f, . ~ . + strata(stratum)), d, "/stratified", "CMH")
  w <- data.frame(id = seq_len(nrow(d)), arm = d$arm, stratum = d$stratum, Delta_1 = d$death_event, Y_1 = d$death_time)
  by_wins("-ipcw/death", w, "tte", 0, "unstratified", "ipcw", "win-ratio")
}
if (which == "housing") {
  d <- read.csv("../data/housing.csv", comment.char = "#")
  d$block <- factor(4 * d$apartment + 2 * d$atrium + d$terrace)
  f <- contact ~ cont(sat, threshold = 0.5)
  by_buyse("ordinal", f, d, "", "Buyse")
  by_buyse("ordinal", update(f, . ~ . + strata(block)), d, "/stratified", "CMH")
  d$group <- factor(d$contact, levels = 1:0)
  d$score <- ave(seq_along(d$sat), d$block, FUN = function(i) rank(d$sat[i]) / (length(i) + 1))
  row("van-elteren", "z", statistic(independence_test(score ~ group | block, d, teststat = "scalar")), 1e-11, by("coin"))
  w <- function(s) suppressWarnings(wilcox.test(sat ~ group, d, exact = FALSE, correct = TRUE, alternative = s))$p.value
  row("wilcoxon/continuity", "p", w("greater"), 1e-9, by("stats"))
  row("wilcoxon/continuity", "p-against", w("less"), 1e-9, by("stats"))
  row("wilcoxon/continuity", "p-two-sided", w("two.sided"), 1e-9, by("stats"))
}
