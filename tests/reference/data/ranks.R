# Exports paired and two-tier data sets of R packages. Run in tests/reference/data.
write <- function(d, file, source) {
  writeLines(paste("#", source), file)
  suppressWarnings(write.table(d, file, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
}
s <- datasets::sleep
write(data.frame(id = as.integer(s$ID), drug = as.integer(s$group) - 1, extra = s$extra), "sleep_pairs.csv",
  "datasets::sleep: hours of sleep gained, id the patient: Student (1908), Biometrika 6:1 (part of R, GPL-2)")
i <- MASS::immer
write(data.frame(id = rep(seq_len(nrow(i)), 2), year = rep(0:1, each = nrow(i)), yield = c(i$Y1, i$Y2)), "immer_pairs.csv",
  "MASS::immer: yields of barley in 1931 (year 0) and 1932, id the plot: Immer, Hayes, LeRoy Powers (1934), J Am Soc Agron 26:403 (part of R, GPL-2)")
d <- survival::colon
d <- subset(d, rx != "Lev")
r <- subset(d, etype == 1); e <- subset(d, etype == 2); e <- e[match(r$id, e$id), ]
write(data.frame(arm = as.integer(r$rx == "Lev+5FU"), death_time = e$time, death_event = e$status, recurrence_time = r$time,
  recurrence_event = r$status, sex = r$sex, extent = r$extent, differ = r$differ, nodes = r$nodes), "colon_tiers.csv",
  "survival::colon, rx Obs (arm 0) and Lev+5FU (1); times in days; NA kept: Moertel et al. (1990), NEJM 322:352 (part of R, LGPL)")
