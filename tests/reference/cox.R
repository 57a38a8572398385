# Cox regression by survival::coxph, Efron's method for ties. Run in tests/reference; prints cox.csv.
library(survival)
cat("#", R.version.string, "survival", as.character(packageVersion("survival")), "\n")
cat("data,unit,covariates,estimate,se,lower,upper\n")
exact <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 50)
models <- list(lung = c("", "age", "age+ecog"), veteran = c("", "karno", "age+karno+prior+celltype"),
  colon = c("", "age+sex", "age+sex+obstruct+extent"))
for (name in names(models)) for (unit in c(1, 90)) for (covariates in models[[name]]) {
  d <- read.csv(paste0("data/", name, ".csv"), comment.char = "#")
  d$time <- ceiling(d$time / unit)
  right <- if (covariates == "") "arm" else paste("arm +", covariates)
  fit <- suppressWarnings(coxph(as.formula(paste("Surv(time, event) ~", right)), d, ties = "efron", control = exact))
  b <- coef(fit)[["arm"]]; se <- sqrt(vcov(fit)["arm", "arm"])
  cat(name, unit, covariates, paste(trimws(formatC(c(b, se, b - qnorm(.975) * se, b + qnorm(.975) * se), digits = 16, format = "g")), collapse = ","), sep = ",")
  cat("\n")
}
