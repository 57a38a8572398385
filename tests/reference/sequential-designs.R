# Sizes of group-sequential designs by rpact: means, rates, survival.
suppressMessages(library(rpact))
cat(sprintf("# %s, rpact %s\n", R.version.string, packageVersion("rpact")))
cat("design,quantity,look,value\n")
put <- function(name, q, x) { x <- as.numeric(x); for (k in seq_along(x)) if (is.finite(x[k])) cat(sprintf("%s,%s,%d,%.10f\n", name, q, k, x[k])) }
d <- list(
 "0.5 1|obrien-fleming|1|0.025|0.1|never|0" = getDesignGroupSequential(kMax=2, informationRates=c(.5,1), alpha=.025, beta=.1, typeOfDesign="asOF"),
 "1/3 2/3 1|pocock|2|0.05|0.2|never|0" = getDesignGroupSequential(kMax=3, informationRates=(1:3)/3, alpha=.05, beta=.2, sided=2, typeOfDesign="asP"),
 "0.5 0.75 1|hwang-shih-decani:-4|1|0.025|0.1|hwang-shih-decani:-2|0" = getDesignGroupSequential(kMax=3, informationRates=c(.5,.75,1), alpha=.025, beta=.1, typeOfDesign="asHSD", gammaA=-4, typeBetaSpending="bsHSD", gammaB=-2),
 "1|obrien-fleming|1|0.025|0.2|never|0" = getDesignGroupSequential(kMax=1, alpha=.025, beta=.2))
for (n in names(d)) {
  for (r in c(1, 2)) {
    s <- getSampleSizeMeans(d[[n]], alternative=.4, stDev=1.3, allocationRatioPlanned=r, normalApproximation=TRUE)
    m <- sprintf("%s|means:0.4:1.3|%g", n, r)
    put(m, "n", if (is.null(s$numberOfSubjects) || all(is.na(s$numberOfSubjects))) s$nFixed else s$numberOfSubjects); put(m, "expected0", s$expectedNumberOfSubjectsH0); put(m, "expected01", s$expectedNumberOfSubjectsH01); put(m, "expected1", s$expectedNumberOfSubjectsH1); put(m, "effect", if (nrow(as.matrix(s$criticalValuesEffectScaleUpper))>0 && !all(is.na(s$criticalValuesEffectScaleUpper))) s$criticalValuesEffectScaleUpper else s$criticalValuesEffectScale)
    s <- getSampleSizeRates(d[[n]], pi1=.5, pi2=.35, allocationRatioPlanned=r)
    m <- sprintf("%s|proportions:0.5:0.35|%g", n, r)
    put(m, "n", if (is.null(s$numberOfSubjects) || all(is.na(s$numberOfSubjects))) s$nFixed else s$numberOfSubjects); put(m, "expected0", s$expectedNumberOfSubjectsH0); put(m, "expected01", s$expectedNumberOfSubjectsH01); put(m, "expected1", s$expectedNumberOfSubjectsH1); put(m, "effect", if (!all(is.na(s$criticalValuesEffectScaleUpper)) && length(s$criticalValuesEffectScaleUpper)>0) s$criticalValuesEffectScaleUpper else s$criticalValuesEffectScale)
    s <- getSampleSizeSurvival(d[[n]], hazardRatio=.7, median2=20, accrualTime=24, followUpTime=12, allocationRatioPlanned=r, typeOfComputation="Schoenfeld")
    m <- sprintf("%s|hazard-ratio:0.7|%g", n, r)
    put(m, "n", if (is.null(s$eventsPerStage) || all(is.na(s$eventsPerStage))) s$eventsFixed else s$eventsPerStage)
    put(m, "expected0", s$expectedEventsH0); put(m, "expected01", s$expectedEventsH01); put(m, "expected1", s$expectedEventsH1)
    put(m, "effect", if (!all(is.na(s$criticalValuesEffectScaleUpper)) && length(s$criticalValuesEffectScaleUpper)>0) s$criticalValuesEffectScaleLower else s$criticalValuesEffectScale)
  }
}
