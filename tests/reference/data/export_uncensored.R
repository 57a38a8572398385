# Writes the real data sets of the tests of analyses without censoring. Run in tests/reference.
suppressMessages({library(MASS); library(survival)})
export <- function(data, name, source) {
  path <- sprintf("data/%s.csv", name)
  writeLines(paste("#", source), path)
  suppressWarnings(write.table(data, path, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
}
export(transform(birthwt, black = +(race == 2), other = +(race == 3), race = NULL), "birthwt",
  "MASS::birthwt: Hosmer, Lemeshow (1989), Applied Logistic Regression; race as two indicators")
export(with(infert, data.frame(case, spontaneous = +(spontaneous > 0), induced, age, parity)), "infert",
  "datasets::infert: Trichopoulos et al. (1976), Br J Obstet Gynaecol 83:645; spontaneous: any")
h <- housing[rep(seq_len(nrow(housing)), housing$Freq), ]
export(with(h, data.frame(sat = as.integer(Sat) - 1L, contact = as.integer(Cont) - 1L,
  medium = +(Infl == "Medium"), high = +(Infl == "High"), apartment = +(Type == "Apartment"),
  atrium = +(Type == "Atrium"), terrace = +(Type == "Terrace"))), "housing",
  "MASS::housing, a row a resident: Madsen (1976), Scand J Statist 3:97")
export(with(sleep, data.frame(extra, drug = as.integer(group) - 1L)), "sleep",
  "datasets::sleep: Student (1908), Biometrika 6:1")
export(with(ToothGrowth, data.frame(len, juice = +(supp == "OJ"), dose)), "toothgrowth",
  "datasets::ToothGrowth: Crampton (1947), J Nutrition 33:491")
a <- subset(anorexia, Treat != "FT")
export(with(a, data.frame(cbt = +(Treat == "CBT"), prewt = Prewt, postwt = Postwt)), "anorexia",
  "MASS::anorexia, CBT and control: Hand et al. (1993), A Handbook of Small Data Sets, 285")
l <- na.omit(lung[, c("sex", "age", "ph.ecog", "pat.karno", "wt.loss", "meal.cal")])
export(with(l, data.frame(female = sex - 1, age, ecog = ph.ecog, karno = pat.karno / 10, wtloss = wt.loss,
  mealcal = meal.cal)), "lung_scores",
  "survival::lung, complete rows: Loprinzi et al. (1994), J Clin Oncol 12:601; karno: patient's Karnofsky score / 10")
