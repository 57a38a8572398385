# Tests and models without censoring: Rscript basic.R birthwt > basic-birthwt.csv, then basic.py; also pbc, anorexia, toothgrowth, infert, colon, housing.
suppressMessages({library(ordinal); library(pROC)})
case <- commandArgs(TRUE)
d <- read.csv(sprintf("../data/%s.csv", c(colon = "colon_tiers")[case] |> (\(x) ifelse(is.na(x), case, x))()), comment.char = "#")
r <- sprintf("R %s.%s", R.version$major, R.version$minor)
of <- function(p) paste(r, p, packageVersion(p))
row <- function(analysis, tolerance, by, ...) { x <- c(...); for (q in names(x)) cat(sprintf("%s,%s,%.17g,%s,%s\n", analysis, q, x[[q]], tolerance, by)) }
cat("# printed by basic.R and basic.py\nanalysis,quantity,value,tolerance,by\n")
q <- qnorm(0.975)
# better: +1 higher, -1 lower
both <- function(z, better) c(z = better * z, p = pnorm(better * z, lower.tail = FALSE), `p-two-sided` = 2 * pnorm(-abs(z)))
wald <- function(analysis, tolerance, by, b, se, better) row(analysis, tolerance, by, estimate = b, se = se, lower = b - q * se, upper = b + q * se, both(b / se, better))
proportions <- function(arm, y, better) {
  n <- c(sum(arm == 1), sum(arm == 0)); x <- c(sum(y[arm == 1]), sum(y[arm == 0])); p <- x / n; se <- sqrt(sum(p * (1 - p) / n))
  for (correct in c(FALSE, TRUE)) {
    t <- suppressWarnings(prop.test(x, n, correct = correct)); z <- sign(p[1] - p[2]) * sqrt(t$statistic[[1]])
    row(if (correct) "difference/continuity" else "difference", 1e-10, of("stats"), estimate = t$estimate[[1]] - t$estimate[[2]], lower = t$conf.int[1], upper = t$conf.int[2],
      z = better * z, `p-two-sided` = t$p.value, n = sum(n), events = sum(x), experimental = p[1], control = p[2])
  }
  # the square is Pearson's chi-square of the table
  row("difference/chi-square", 1e-10, of("stats"), `p-two-sided` = chisq.test(table(arm, y), correct = FALSE)$p.value)
  m <- glm(y ~ arm, binomial("identity"), start = c(p[2], p[1] - p[2]), control = glm.control(1e-15, 100))
  row("difference/wald", 1e-8, of("stats"), estimate = coef(m)[[2]], se = sqrt(vcov(m)[2, 2]), z = better * coef(m)[[2]] / sqrt(vcov(m)[2, 2]))
  m <- glm(y ~ arm, binomial("log"), start = c(log(p[2]), log(p[1] / p[2])), control = glm.control(1e-15, 100))
  wald("ratio", 1e-8, of("stats"), coef(m)[[2]], sqrt(vcov(m)[2, 2]), better)
}
logistic <- function(analysis, formula, arm, better) {
  m <- glm(formula, binomial, d, epsilon = 1e-15, maxit = 50)
  # the covariance of glm is that of the step before the last: the information is formed anew at the maximum
  x <- model.matrix(m); p <- plogis(drop(x %*% coef(m)))
  wald(analysis, 1e-9, of("stats"), coef(m)[[arm]], sqrt(solve(crossprod(x, p * (1 - p) * x))[arm, arm]), better)
  row(analysis, 0, of("stats"), n = nrow(x))
}
student <- function(arm, y, better) for (pooled in c(FALSE, TRUE)) {
  t <- t.test(y[arm == 1], y[arm == 0], var.equal = pooled); z <- t$statistic[[1]]
  row(if (pooled) "t-test/pooled" else "t-test", 1e-10, of("stats"), estimate = t$estimate[[1]] - t$estimate[[2]], se = t$stderr, lower = t$conf.int[1], upper = t$conf.int[2],
    z = better * z, df = t$parameter[[1]], p = pt(better * z, t$parameter[[1]], lower.tail = FALSE), `p-two-sided` = t$p.value)
}
linear <- function(analysis, formula, arm, better) {
  m <- lm(formula, d); s <- coef(summary(m))[arm, ]; ci <- confint(m)[arm, ]
  row(analysis, 1e-10, of("stats"), estimate = s[[1]], se = s[[2]], lower = ci[[1]], upper = ci[[2]], z = better * s[[3]], df = m$df.residual,
    p = pt(better * s[[3]], m$df.residual, lower.tail = FALSE), `p-two-sided` = s[[4]])
}
wilcoxon <- function(arm, y, better) {
  arm <- arm[!is.na(y)]; y <- y[!is.na(y)]; x <- y[arm == 1]; y <- y[arm == 0]
  w <- function(s) suppressWarnings(wilcox.test(x, y, exact = FALSE, correct = FALSE, alternative = s))
  u <- w(if (better > 0) "greater" else "less")
  c <- roc(controls = y, cases = x, direction = "<", quiet = TRUE)
  row("wilcoxon", 1e-9, of("stats"), estimate = u$statistic[[1]] / (length(x) * length(y)), p = u$p.value, `p-two-sided` = w("two.sided")$p.value)
  row("wilcoxon", 1e-9, of("pROC"), estimate = as.numeric(auc(c)), se = sqrt(var(c, method = "delong")))
}
odds <- function(analysis, formula, arm, better) {
  m <- clm(formula, data = d, control = clm.control(gradTol = 1e-12, method = "Newton", maxIter = 200))
  wald(analysis, 1e-9, of("ordinal"), coef(m)[[arm]], sqrt(vcov(m)[arm, arm]), better)
}
if (case == "birthwt") {
  proportions(d$smoke, d$low, -1)
  logistic("logistic", low ~ smoke, "smoke", -1)
  logistic("logistic/adjusted", low ~ smoke + age + lwt + black + other + ht + ui, "smoke", -1)
  student(d$smoke, d$bwt, 1)
  linear("ancova", bwt ~ smoke + age + lwt + black + other + ht + ui, "smoke", 1)
  wilcoxon(d$smoke, d$bwt, 1)
}
if (case == "pbc") {
  proportions(d$drug, d$hepato, -1)
  logistic("logistic", hepato ~ drug, "drug", -1)
  logistic("logistic/adjusted", hepato ~ drug + chol + trig + edema, "drug", -1)
  student(d$drug, d$chol, -1)
  linear("ancova", chol ~ drug + trig + spiders, "drug", -1)
  wilcoxon(d$drug, d$chol, -1)
  odds("odds", factor(stage) ~ drug, "drug", -1)
  odds("odds/adjusted", factor(stage) ~ drug + I(chol / 100) + I(trig / 100), "drug", -1)
}
if (case == "anorexia") { student(d$cbt, d$postwt, 1); linear("ancova", postwt ~ cbt + prewt, "cbt", 1); wilcoxon(d$cbt, d$postwt, 1) }
if (case == "toothgrowth") { student(d$juice, d$len, 1); linear("ancova", len ~ juice + dose, "juice", 1); wilcoxon(d$juice, d$len, 1) }
if (case == "infert") {
  proportions(d$spontaneous, d$case, -1)
  logistic("logistic", case ~ spontaneous, "spontaneous", -1)
  logistic("logistic/adjusted", case ~ spontaneous + induced + age + parity, "spontaneous", -1)
}
if (case == "colon") {
  d$dead <- d$death_event
  proportions(d$arm, d$dead, -1)
  logistic("logistic", dead ~ arm, "arm", -1)
  logistic("logistic/adjusted", dead ~ arm + sex + extent + differ + nodes, "arm", -1)
  student(d$arm, d$nodes, -1)
  wilcoxon(d$arm, d$nodes, -1)
  odds("odds", factor(differ) ~ arm, "arm", -1)
  odds("odds/adjusted", factor(differ) ~ arm + sex + extent + nodes, "arm", -1)
}
if (case == "housing") {
  odds("odds", factor(sat) ~ contact, "contact", 1)
  odds("odds/adjusted", factor(sat) ~ contact + medium + high + apartment + atrium + terrace, "contact", 1)
  wilcoxon(d$contact, d$sat, 1)
}
