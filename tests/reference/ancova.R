# Rscript ancova.R > ancova.csv in tests/reference.
# analysis of covariance
source("uncensored_common.R")
begin()
ancova <- function(case, formula, data, arm) {
  m <- lm(formula, data); s <- coef(summary(m))[arm, ]; ci <- confint(m)[arm, ]
  put(case, estimate = s[[1]], se = s[[2]], lower = ci[[1]], upper = ci[[2]], z = s[[3]],
    p = pt(s[[3]], m$df.residual, lower.tail = FALSE))
}
ancova("ancova/anorexia", postwt ~ cbt + prewt, anorexia, "cbt")
ancova("ancova/toothgrowth", len ~ juice + dose, tooth, "juice")
ancova("ancova/birthwt", bwt ~ smoke + age + lwt + black + other + ht + ui, birthwt, "smoke")
ancova("ancova/sleep", extra ~ drug, sleep, "drug")
