# What planning formulas of other software say: nBinomial (Fleiss), nEvents and nSurv (Schoenfeld), nSurvival (Lachin and Foulkes) of gsDesign;
# pwr.t.test and pwr.t2n.test of pwr, by tail; Yu and Ganju's formula by WRestimates
# (power at a size) and hce (size, rounded up). `of` is the standard deviation, or the probability of a tie; `n` counts patients, or events.
# Run in tests/reference; prints planning.csv.
suppressMessages({library(gsDesign); library(pwr); library(hce); library(WRestimates)})
v <- function(p) as.character(packageVersion(p))
cat("#", R.version.string, "\n")
cat(sprintf("# gsDesign %s, pwr %s, hce %s, WRestimates %s\n", v("gsDesign"), v("pwr"), v("hce"), v("WRestimates")))
cat("test,by,experimental_share,control_share,alpha,sides,null,experimental,control,of,n,power\n")
row <- function(test, by, shares, tail, null, e, c, of, n, power)
  cat(test, by, paste(vapply(c(shares, tail, null, e, c, of, n, power), format, "", digits = 15), collapse = ","), sep = ",", fill = FALSE)
say <- function(...) { row(...); cat("\n") }
shares <- list(c(1, 1), c(2, 1), c(1, 2), c(3, 2))
# level and sides
tails <- list(c(0.025, 1), c(0.05, 1), c(0.05, 2))

for (s in shares) for (t in tails) for (p in list(c(0.5, 0.35), c(0.01, 0.02), c(0.75, 0.6), c(0.9, 0.97))) for (power in c(0.8, 0.9))
  say("proportions", "gsDesign", s, t, 0, p[1], p[2], 0,
    nBinomial(p[2], p[1], alpha = t[1], sided = t[2], beta = 1 - power, ratio = s[1] / s[2]), power)
# against a margin: restricted estimates of the proportions at the margin (Farrington and Manning), for the test of this name
for (s in shares) for (m in list(c(0.7, 0.7, -0.1), c(0.8, 0.85, -0.15), c(0.1, 0.1, 0.05), c(0.3, 0.5, 0.1)))
  say("margin", "gsDesign", s, tails[[1]], m[3], m[1], m[2], 0,
    nBinomial(m[2], m[1], alpha = 0.025, beta = 0.2, delta0 = -m[3], ratio = s[1] / s[2]), 0.8)
for (s in shares) for (t in tails) for (h in list(c(0.75, 1), c(0.5, 1), c(1.4, 1), c(1, 1.3), c(0.9, 1.25))) for (power in c(0.8, 0.9))
  say("events", "gsDesign", s, t, h[2], h[1], 1, 0,
    nEvents(h[1], alpha = t[1], sided = t[2], beta = 1 - power, ratio = s[1] / s[2], hr0 = h[2]), power)
for (s in shares) for (t in tails) for (d in c(0.3, 0.5, 1.2)) for (m in c(12, 40, 120)) {
  n <- s * m
  # one tail at a time: with two sides pwr adds the wrong one
  tail <- function(d) pwr.t2n.test(n[1], n[2], d, t[1] / t[2], alternative = "greater")$power
  if (t[2] == 2) stopifnot(abs(pwr.t2n.test(n[1], n[2], d, t[1])$power - tail(d) - tail(-d)) < 1e-12)
  if (s[1] == s[2]) stopifnot(abs(tail(d) - pwr.t.test(m, d, t[1] / t[2], alternative = "greater")$power) < 1e-12)
  say("t-test", "pwr", s, t, 0, 10 * d, 0, 10, sum(n), tail(d))
}
for (s in shares) for (t in tails) for (w in list(c(1.2, 0.1), c(1.4, 0.3), c(2, 0), c(1.1, 0.6))) for (n in c(150, 600, 2500))
  say("win-ratio", "WRestimates", s, t, 1, w[1], 1, w[2], n,
    wr.power(N = n, alpha = t[1] / t[2], WR.true = w[1], k = s[1] / sum(s), p.tie = w[2])$power)
# near no effect sizes are so large that rounding up costs no digits
for (s in shares) for (t in list(c(0.05, 2), c(0.1, 2))) for (ties in c(0, 0.125, 0.4)) for (power in c(0.8, 0.9))
  say("win-ratio", "hce", s, t, 1, 1 + 2^-14, 1, ties,
    sizeWR(WR = 1 + 2^-14, power = power, Pties = ties, k = s[1] / sum(s), alpha = t[1])$SampleSize, power)

# entry over 24 months, the end at month 48, 5 % lost a year: the size that expects Schoenfeld's events, and that of Lachin and Foulkes
lost <- -log(0.95) / 12
for (median in c(20, 12)) for (h in if (median == 20) 0.75 else 0.7) for (s in shares[1:2]) {
  hazard <- log(2) / median
  x <- nSurv(lambdaC = hazard, hr = h, eta = lost, R = 24, T = 48, minfup = 24, alpha = 0.025, beta = 0.2, ratio = s[1] / s[2], method = "Schoenfeld")
  say("entry", "gsDesign", s, tails[[1]], 1, h, 1, median, x$n, 0.8)
  y <- nSurvival(lambda1 = hazard, lambda2 = h * hazard, Ts = 48, Tr = 24, eta = lost, ratio = s[1] / s[2], alpha = 0.025, beta = 0.2)
  say("lachin-foulkes", "gsDesign", s, tails[[1]], 1, h, 1, median, y$n, 0.8)
}
