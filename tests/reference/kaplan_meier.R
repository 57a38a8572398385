# Kaplan-Meier curves with Greenwood's standard error by survival::survfit. Run in tests/reference; prints
# kaplan_meier.csv.
library(survival)
cat("#", R.version.string, "survival", as.character(packageVersion("survival")), "\n")
cat("data,unit,at,experimental,se_experimental,control,se_control,experimental_at_risk,control_at_risk\n")
times <- list(lung = c(50, 365, 700, 900, 1000), veteran = c(30, 100, 365, 990), colon = c(365, 1825, 2900, 3200))
for (name in names(times)) for (unit in c(1, 90)) for (at in times[[name]]) {
  d <- read.csv(paste0("data/", name, ".csv"), comment.char = "#")
  d$time <- ceiling(d$time / unit)
  at <- ceiling(at / unit)
  s <- summary(survfit(Surv(time, event) ~ arm, d), times = at, extend = TRUE)
  r <- tapply(d$time >= at, d$arm, sum)
  cat(name, unit, at, paste(trimws(formatC(c(s$surv[2], s$std.err[2], s$surv[1], s$std.err[1], r[["1"]], r[["0"]]), digits = 16, format = "g")), collapse = ","), sep = ",")
  cat("\n")
}
