# Normal and gamma functions. Rscript tests/reference/special.R > tests/reference/special.csv
cat("#", R.version.string, "\n")
cat("function,a,x,value\n")
row <- function(f, a, x, value) cat(sprintf("%s,%.17g,%.17g,%.17g\n", f, a, x, value), sep = "")
u <- c(2^-53, 1e-300, 1e-100, 1e-20, 1.3e-11, 1.39e-11, 1e-10, 1e-6, 0.001, 0.0249, 0.05, 0.0749999, 0.075, 0.0750001, 0.1,
       0.25, 0.4, 0.499, 0.5, 0.501, 0.6, 0.75, 0.9, 0.9249999, 0.925, 0.9250001, 0.95, 0.975, 0.999, 1 - 1e-6, 1 - 2^-40, 1 - 2^-53)
row("normal_quantile", 0, u, qnorm(u))
z <- c(-37.5, -30, -20.1, -10, -8.3, -5.7, -5.66, -5.65, -4, -3.1, -2, -1.96, -1, -0.67, -0.6629, -0.66, -0.3, -1e-8, 0,
       1e-8, 0.3, 0.66, 0.6629, 0.67, 1, 1.644853626951, 2.5, 4, 5.65, 5.66, 8.2)
row("normal_cdf", 0, z, pnorm(z))
row("normal_tail", 0, z, pnorm(z, lower.tail = FALSE))
# pnorm uses Cody's approximation as well; the gamma function's family is another way to it.
y <- c(0.01, 0.3, 0.66, 0.67, 1, 1.96, 3, 4.5, 5.6, 5.7, 7, 10, 15, 25, 37)
row("normal_tail_by_gamma", 0, y, pgamma(y^2 / 2, 0.5, lower.tail = FALSE) / 2)
for (a in c(0.1, 0.5, 1, 2.5, 10, 100)) {
  x <- a * c(0.01, 0.3, 0.9, 1, 1.1, 2, 4)
  row("gamma_cdf", a, x, pgamma(x, a))
  row("gamma_tail", a, x, pgamma(x, a, lower.tail = FALSE))
}
g <- c(1e-3, 0.1, 0.5, 1.5, 3.7, 10, 171.5, 1e6)
row("ln_gamma", 0, g, lgamma(g))
