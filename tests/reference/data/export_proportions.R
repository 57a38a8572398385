# Data sets of proportions, strata and matched pairs, from R's packages vcd, datasets and survival. Run in tests/reference/data.
suppressMessages({library(vcd); library(survival)})
put <- function(name, source, d) {
  file <- paste0(name, ".csv")
  cat("#", source, "\n", file = file)
  suppressWarnings(write.table(d, file, append = TRUE, sep = ",", quote = FALSE, row.names = FALSE))
}
a <- vcd::Arthritis
put("arthritis", "source: vcd::Arthritis (GPL-2): Koch, Edwards (1988), Clinical efficacy trials with categorical data; improved: 0 none, 1 some, 2 marked",
    data.frame(treated = as.integer(a$Treatment == "Treated"), improved = as.integer(a$Improved) - 1, female = as.integer(a$Sex == "Female"), age = a$Age))
u <- as.data.frame(datasets::UCBAdmissions)
u <- u[rep(seq_len(nrow(u)), u$Freq), ]
put("ucb", "source: datasets::UCBAdmissions (part of R, GPL-2): Bickel, Hammel, O'Connell (1975), Science 187:398",
    data.frame(female = as.integer(u$Gender == "Female"), admitted = as.integer(u$Admit == "Admitted"), dept = as.integer(u$Dept)))
p <- survival::pbc[!is.na(survival::pbc$trt), ]
put("pbc", "source: survival::pbc (LGPL-2), the 312 randomised; drug: D-penicillamine; NA where not measured",
    data.frame(drug = as.integer(p$trt == 1), ascites = p$ascites, hepato = p$hepato, spiders = p$spiders, stage = p$stage, chol = p$chol, trig = p$trig, edema = p$edema))
d <- survival::diabetic
put("diabetic", "source: survival::diabetic (LGPL-2): Huster, Brookmeyer, Self (1989), Biometrics 45:145; two eyes a patient, one of them treated",
    data.frame(id = d$id, treated = d$trt, blind = d$status, age = d$age, time = d$time))
i <- datasets::infert
i <- i[order(i$stratum, -i$case), ]
i <- i[ave(seq_len(nrow(i)), i$stratum, FUN = seq_along) <= 2, ]
put("infert_pairs", "source: datasets::infert (part of R, GPL-2), each case with its first control: Trichopoulos et al. (1976), Br J Obstet Gynaecol 83:645",
    data.frame(pair = i$stratum, case = i$case, spontaneous = as.integer(i$spontaneous > 0), induced = as.integer(i$induced > 0)))
