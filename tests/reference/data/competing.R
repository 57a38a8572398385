# Data sets with competing events or intervals, from R's survival and interval packages. Run in tests/reference/data.
library(survival)
say <- function(name, source, d) {
  f <- paste0(name, ".csv"); cat("#", source, "\n", file = f)
  suppressWarnings(write.table(d, f, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
}
m <- subset(mgus2, !is.na(hgb) & !is.na(mspike))
pcm <- m$pstat == 1
say("mgus2", "survival::mgus2: months to plasma cell malignancy (event) or death without it (competing); arm: men", data.frame(
  time = ifelse(pcm, m$ptime, m$futime), event = 1 * pcm, competing = 1 * (!pcm & m$death == 1), arm = 1 * (m$sex == "M"),
  age = m$age, hgb = m$hgb, mspike = m$mspike))
data(bcos, package = "interval")
say("bcos", "interval::bcos: months to cosmetic deterioration (Finkelstein and Wolfe, Biometrics 1985); arm: radiotherapy with chemotherapy",
  data.frame(left = bcos$left, right = bcos$right, arm = 1 * (bcos$treatment == "RadChem")))
# each patient of lung seen every 60 days from a day of his own on: nearly all ends differ
day <- (37 * seq_len(nrow(lung))) %% 60; k <- floor((lung$time - day) / 60)
left <- ifelse(k < 0, 0, day + 60 * k); dead <- lung$status == 2
say("lung_visits", "survival::lung: days to death, known at visits every 60 days alone; arm: women; every ninth death on its day",
  { exact <- dead & seq_len(nrow(lung)) %% 9 == 0
    data.frame(left = ifelse(exact, lung$time, ifelse(left == lung$time & dead, left - 60 * (left >= 60), left)),
      right = ifelse(exact, lung$time, ifelse(!dead, Inf, ifelse(left == lung$time, left, day + 60 * (k + 1)))), arm = 1 * (lung$sex == 2)) })
