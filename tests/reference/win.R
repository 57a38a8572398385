# Win statistics by their definition: all pairs by outer(), variance by the first-order projection
# (the formula of BuyseTest with order.Hprojection = 1). Run in tests/reference; prints win.csv.
# Rows "concordance" come from survival::concordance instead, whose infinitesimal jackknife is the same projection:
# net benefit = 2 C - 1, variance 4 var(C).
library(survival)
cat("#", R.version.string, "survival", as.character(packageVersion("survival")), "\n")
cat("case,wins,losses,tier1,tier2,tier3,log_win_ratio,se_log_win_ratio,net_benefit,se_net_benefit,log_win_odds,se_log_win_odds\n")
print_row <- function(case, x) {
  cat(case, paste(trimws(formatC(x, digits = 16, format = "g")), collapse = ","), sep = ",")
  cat("\n")
}
time_tier <- function(d) list(
  win = outer(seq_len(nrow(d$e)), seq_len(nrow(d$c)), function(i, j) d$c$event[j] == 1 & d$c$time[j] < d$e$time[i]),
  loss = outer(seq_len(nrow(d$e)), seq_len(nrow(d$c)), function(i, j) d$e$event[i] == 1 & d$e$time[i] < d$c$time[j]))
score_tier <- function(d, name, threshold) {
  by <- outer(d$e[[name]], d$c[[name]], "-")
  by[is.na(by)] <- 0
  list(win = by > threshold, loss = -by > threshold)
}
win_statistics <- function(case, tiers) {
  open <- matrix(TRUE, nrow(tiers[[1]]$win), ncol(tiers[[1]]$win))
  win <- loss <- !open
  decided <- c(0, 0, 0)
  for (k in seq_along(tiers)) {
    w <- open & tiers[[k]]$win; l <- open & tiers[[k]]$loss
    decided[k] <- sum(w) + sum(l)
    win <- win | w; loss <- loss | l; open <- open & !w & !l
  }
  n <- nrow(win); m <- ncol(win); pw <- mean(win); pl <- mean(loss)
  # projections of the two U-statistics on the patients of each arm
  hw <- list(rowMeans(win) - pw, colMeans(win) - pw); hl <- list(rowMeans(loss) - pl, colMeans(loss) - pl)
  variance <- function(f) sum((hw[[1]] * f[1] + hl[[1]] * f[2])^2) / n^2 + sum((hw[[2]] * f[1] + hl[[2]] * f[2])^2) / m^2
  tie <- 1 - pw - pl
  up <- pw + tie / 2; down <- pl + tie / 2
  print_row(case, c(sum(win), sum(loss), decided,
    log(pw / pl), sqrt(variance(c(1 / pw, -1 / pl))),
    pw - pl, sqrt(variance(c(1, -1))),
    log(up / down), sqrt(variance(c(1, -1) * (1 / up + 1 / down) / 2))))
}
arms <- function(name) {
  d <- read.csv(paste0("data/", name, ".csv"), comment.char = "#")
  list(e = d[d$arm == 1, ], c = d[d$arm == 0, ])
}
for (unit in c(1, 90)) {
  coarse <- function(d) lapply(d, function(x) { x$time <- ceiling(x$time / unit); x })
  v <- coarse(arms("veteran"))
  win_statistics(paste0("veteran/time/", unit), list(time_tier(v)))
  win_statistics(paste0("veteran/time+celltype/", unit), list(time_tier(v), score_tier(v, "celltype", 0)))
  win_statistics(paste0("veteran/time+celltype+karno/", unit),
    list(time_tier(v), score_tier(v, "celltype", 0), score_tier(v, "karno", 10)))
  k <- coarse(arms("colon"))
  win_statistics(paste0("colon/time+extent+differ/", unit),
    list(time_tier(k), score_tier(k, "extent", 0), score_tier(k, "differ", 0)))
  win_statistics(paste0("colon/time+differ+nodes/", unit),
    list(time_tier(k), score_tier(k, "differ", 0), score_tier(k, "nodes", 2)))
}
k <- arms("colon")
win_statistics("colon/extent+differ/1", list(score_tier(k, "extent", 0), score_tier(k, "differ", 0)))
win_statistics("colon/nodes+time+age/1", list(score_tier(k, "nodes", 3), time_tier(k), score_tier(k, "age", 4.5)))
for (score in c("age", "extent")) {
  d <- rbind(k$e, k$c)
  fit <- concordance(as.formula(paste("arm ~", score)), d)
  n <- fit$count
  nb <- 2 * fit$concordance - 1; se <- 2 * sqrt(fit$var)
  print_row(paste0("concordance/", score, "/1"), c(n[["concordant"]], n[["discordant"]], n[["concordant"]] + n[["discordant"]], 0, 0,
    log(n[["concordant"]] / n[["discordant"]]), NA, nb, se, log((1 + nb) / (1 - nb)), NA))
}
