# Adjusted p-values of multcomp, summary(glht(...), test = adjusted(type)), from the unadjusted ones of the same contrasts on real data: all
# pairs and comparisons with a control, several coefficients, several endpoints. Those of its t and normal tests are exact; "single-step",
# "free", "Shaffer" and "Westfall" use their joint distribution, by simulation, and are other procedures.
# Columns of multiplicity-gmcp.csv; rejected at .05. Run in tests/reference; prints multiplicity-multcomp.csv.
suppressMessages({library(multcomp); library(MASS); library(survival)})
cat("#", R.version.string, "\n")
cat(sprintf("# multcomp %s, MASS %s, survival %s\n", packageVersion("multcomp"), packageVersion("MASS"), packageVersion("survival")))
cat("procedure,by,p,weights,transitions,families,adjusted,rejected\n")
text <- function(x) paste(vapply(x, format, "", digits = 15), collapse = " ")
birthwt$race <- factor(birthwt$race)
models <- list(
  glht(aov(weight ~ feed, chickwts), linfct = mcp(feed = "Tukey")),
  glht(aov(weight ~ feed, chickwts), linfct = mcp(feed = "Dunnett")),
  glht(aov(log(count + 1) ~ spray, InsectSprays), linfct = mcp(spray = "Dunnett")),
  glht(aov(breaks ~ wool + tension, warpbreaks), linfct = mcp(tension = "Tukey")),
  glht(lm(Postwt ~ Prewt + Treat, anorexia), linfct = mcp(Treat = "Tukey")),
  glht(glm(low ~ age + lwt + race + smoke + ht + ui, binomial, birthwt)),
  glht(coxph(Surv(time, status) ~ karno + celltype, veteran), linfct = mcp(celltype = "Tukey")),
  # endpoints: birth weight, low birth weight, visits, against smoking
  glht(mmm(weight = lm(bwt ~ smoke + age, birthwt), low = glm(low ~ smoke + age, binomial, birthwt),
    visits = glm(ftv ~ smoke + age, poisson, birthwt), irritable = glm(ui ~ smoke + age, binomial, birthwt)), mlf("smoke = 0")))
for (model in models) {
  p <- unname(as.numeric(summary(model, test = adjusted("none"))$test$pvalues))
  for (type in c("bonferroni", "holm", "hochberg", "hommel")) {
    adjusted <- unname(as.numeric(summary(model, test = adjusted(type))$test$pvalues))
    cat(type, "multcomp", text(p), "", "", "", text(adjusted), paste(as.integer(adjusted <= 0.05), collapse = " "), sep = ",")
    cat("\n")
  }
}
