# Writes lung.csv, veteran.csv and colon.csv: complete cases of what the tests use, from R's package survival.
# Run in tests/reference/data.
library(survival)
put <- function(name, source, d) {
  file <- paste0(name, ".csv")
  writeLines(paste("# source:", source), file)
  suppressWarnings(write.table(d, file, append = TRUE, sep = ",", quote = FALSE, row.names = FALSE))
}
d <- with(lung, data.frame(time, event = status - 1, arm = as.integer(sex == 2), age, ecog = ph.ecog))
put("lung", "survival::lung, rows with ph.ecog; arm 1 women; event death; time in days", na.omit(d))
d <- with(veteran, data.frame(time, event = status, arm = as.integer(trt == 2), age, karno, prior,
  celltype = as.integer(celltype)))
put("veteran", "survival::veteran; arm 1 test; event death; time in days; celltype 1 squamous 2 smallcell 3 adeno 4 large", d)
d <- subset(colon, etype == 2 & rx != "Lev")
d <- with(d, data.frame(time, event = status, arm = as.integer(rx == "Lev+5FU"), age, sex, obstruct, extent,
  differ, nodes))
put("colon", "survival::colon, etype 2 (death), rx Obs and Lev+5FU; arm 1 Lev+5FU; time in days; NA kept", d)
