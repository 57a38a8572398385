# Writes rotterdam.csv and lalonde.csv from R's packages survival and MatchIt. Run in tests/reference/data.
library(survival)
put <- function(name, source, d) {
  file <- paste0(name, ".csv")
  writeLines(paste("# source:", source), file)
  suppressWarnings(write.table(d, file, append = TRUE, sep = ",", quote = FALSE, row.names = FALSE))
}
d <- subset(rotterdam, nodes > 0)
d <- d[seq(1, nrow(d), 3), ]
d <- with(d, data.frame(time = pmin(rtime, dtime), event = recur, competing = as.integer(recur == 0 & death == 1),
  arm = hormon, age, meno, large = as.integer(size == ">50"), nodes, grade = as.integer(grade == 3),
  year = year - 1978))
put("rotterdam", "survival::rotterdam, every third patient with positive nodes; event recurrence, competing death without it; arm 1 hormonal treatment; time in days", d)
d <- with(MatchIt::lalonde, data.frame(y = as.integer(re78 > 0), arm = treat, age, educ, black = as.integer(race == "black"),
  hispan = as.integer(race == "hispan"), married, nodegree, re74 = re74 / 1000, re75 = re75 / 1000))
put("lalonde", "MatchIt::lalonde: LaLonde (1986), American Economic Review 76:604; y 1 earnings in 1978; earnings in 1000 dollars", d)
