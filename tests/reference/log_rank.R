# Log-rank test by survival::survdiff. Run in tests/reference; prints log_rank.csv.
library(survival)
cat("#", R.version.string, "survival", as.character(packageVersion("survival")), "\n")
cat("data,unit,observed,expected,variance,estimate,z\n")
for (name in c("lung", "veteran", "colon")) for (unit in c(1, 90)) {
  d <- read.csv(paste0("data/", name, ".csv"), comment.char = "#")
  d$time <- ceiling(d$time / unit)
  s <- survdiff(Surv(time, event) ~ arm, d)
  o <- s$obs[2]; e <- s$exp[2]; v <- s$var[2, 2]
  cat(name, unit, paste(trimws(formatC(c(o, e, v, (o - e) / v, (o - e) / sqrt(v)), digits = 16, format = "g")), collapse = ","), sep = ",")
  cat("\n")
}
