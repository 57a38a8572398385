# Adjusted p-values and decisions of gMCP, by gMCPLite (the same functions without Java): the graphs of multiplicity.csv once more, Hommel's
# procedure as its closed test by Simes, and its graphs of the literature, those with an edge of epsilon at a small number.
# Lists are separated by spaces, rows of transitions and families by "/". Run in tests/reference; prints multiplicity-gmcp.csv.
suppressMessages(library(gMCPLite))
cat("#", R.version.string, "\n")
cat("# gMCPLite", as.character(packageVersion("gMCPLite")), "\n")
cat("procedure,by,p,weights,transitions,families,adjusted,rejected\n")
text <- function(x) paste(vapply(x, format, "", digits = 15), collapse = " ")
rows <- function(m) paste(apply(m, 1, text), collapse = "/")
numbers <- function(x) as.numeric(strsplit(x, " ")[[1]])
alpha <- 0.025
test <- function(w, g, p, ...) {
  out <- gMCP(matrix2graph(g, w), p, alpha = alpha, ...)
  list(adjusted = unname(out@adjPValues), rejected = unname(out@rejected))
}
say <- function(procedure, by, p, out, weights = "", transitions = "", families = "")
  cat(procedure, by, text(p), weights, transitions, families, text(out$adjusted), paste0(paste(as.integer(out$rejected), collapse = " "), "\n"), sep = ",")

chain <- function(k) { g <- matrix(0, k, k); g[cbind(seq_len(k - 1), seq_len(k - 1) + 1)] <- 1; g }
# Holm's weights in a family: what is rejected leaves to the others in proportion to theirs
proportional <- function(w) {
  g <- t(vapply(seq_along(w), function(j) replace(w / sum(w[-j]), j, 0), numeric(length(w))))
  diag(g) <- 0; g
}
# families one after another: an edge of epsilon to the next, which is all that is left when a family is rejected
gates <- function(families, kind, k, epsilon) {
  g <- matrix(0, k, k)
  for (f in seq_along(families)) {
    own <- families[[f]]; last <- f == length(families); n <- length(own)
    following <- if (last) NULL else families[[f + 1]]
    aside <- if (last || n == 1) 0 else if (kind == "parallel") 1 else epsilon
    for (j in own) {
      if (n > 1) g[j, setdiff(own, j)] <- (1 - aside) / (n - 1)
      if (!last) g[j, following] <- (if (n == 1) 1 else aside) / length(following)
    }
  }
  g
}
given <- read.csv("multiplicity.csv", comment.char = "#", colClasses = "character")
for (r in seq_len(nrow(given))) with(given[r, ], {
  x <- numbers(p); k <- length(x)
  if (k < 2) return()
  # gMCP rejects where p is 0 though the hypothesis has no share, and divides by 0 in the test by Simes
  x[x == 0] <- if (procedure %in% c("serial", "hommel")) 0.001 else 1e-12
  w <- if (nzchar(weights)) numbers(weights) else rep(1 / k, k)
  f <- lapply(strsplit(families, "/")[[1]], function(f) numbers(f) + 1)
  first <- if (length(f)) replace(numeric(k), f[[1]], 1 / length(f[[1]]))
  out <- switch(procedure,
    bonferroni = test(w, matrix(0, k, k), x), holm = test(w, proportional(w), x),
    "fixed-sequence" = test(replace(numeric(k), 1, 1), chain(k), x), fallback = test(w, chain(k), x),
    graph = test(w, do.call(rbind, lapply(strsplit(transitions, "/")[[1]], numbers)), x),
    parallel = test(first, gates(f, "parallel", k), x),
    # good to 2e-7: the loop of a family is left by the edge of epsilon alone
    serial = test(first, gates(f, "serial", k, 1e-9), x),
    hommel = if (k < 7) test(w, proportional(w), x, test = "Simes"))
  if (!is.null(out)) say(procedure, if (procedure == "serial") "gMCP with an edge of 1e-9" else "gMCP", x, out, weights, transitions, families)
})

# graphs of the literature: Bauer et al. 2001; Bretz et al. 2009, figures 14 and 15; Hommel et al. 2007; Bretz, Maurer and Hommel 2011;
# Hung and Wang 2010; Huque, Alosh and Bhore 2011; Maurer et al. 1995; Wiens and Dmitrienko 2005
set.seed(2)
literature <- list(BauerEtAl2001(), BretzEtAl2009a(), BretzEtAl2009b(), BretzEtAl2009c(), HommelEtAl2007(), HommelEtAl2007Simple(),
  BretzEtAl2011(), HungEtWang2010(nu = 0.5, tau = 0.3, omega = 0.6), HuqueAloshEtBhore2011(), MaurerEtAl1995(), parallelGatekeeping(),
  improvedParallelGatekeeping(), truncatedHolm(gamma = 0.3), generalSuccessive(weights = c(0.7, 0.3), gamma = 0.4, delta = 0.2),
  improvedFallbackI(c(0.5, 0.3, 0.2)), improvedFallbackII(c(0.5, 0.3, 0.2)), cycleGraph(paste0("H", 1:5), c(0.4, 0.3, 0.3, 0, 0)))
for (graph in literature) {
  graph <- substituteEps(graph, eps = 0.001)
  m <- unname(getMatrix(graph)); w <- unname(getWeights(graph)); k <- length(w)
  stopifnot(is.numeric(m), sum(w) <= 1 + 1e-12)
  for (p in list(signif(runif(k)^4, 6), signif(0.03 * runif(k), 6), sample(c(0.001, 0.005, 0.01, 0.01, 0.02, 0.2), k, replace = TRUE)))
    say("graph", "gMCP", p, test(w, m, p), text(w), rows(m))
}
