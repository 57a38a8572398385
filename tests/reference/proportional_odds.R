# Rscript proportional_odds.R > proportional_odds.csv in tests/reference.
# proportional odds: ordinal::clm, Newton with exact derivatives
suppressMessages(library(ordinal))
source("uncensored_common.R")
begin("ordinal")
odds <- function(case, formula, data, arm) {
  m <- clm(formula, data = data, control = clm.control(gradTol = 1e-12, method = "Newton", maxIter = 200))
  wald(case, coef(m)[[arm]], sqrt(vcov(m)[arm, arm]))
}
odds("odds/housing", factor(sat) ~ contact, housing, "contact")
odds("odds/housing/adjusted", factor(sat) ~ contact + medium + high + apartment + atrium + terrace, housing, "contact")
odds("odds/ecog", factor(ecog) ~ female, lung, "female")
odds("odds/ecog/adjusted", factor(ecog) ~ female + age + wtloss, lung, "female")
odds("odds/karno", factor(karno) ~ female, lung, "female")
odds("odds/karno/adjusted", factor(karno) ~ female + age + mealcal, lung, "female")
