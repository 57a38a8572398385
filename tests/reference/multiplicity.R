# Adjusted p-values of multiple test procedures: by stats::p.adjust, and by graphicalMCP (openpharma/graphicalMCP), whose shortcut has
# all digits; its closed test of every intersection hypothesis by weighted Bonferroni, which rounds to ten, must agree.
# Lists are separated by spaces, rows of transitions and families by "/". Run in tests/reference; prints multiplicity.csv.
suppressMessages(library(graphicalMCP))
cat("#", R.version.string, "\n")
cat("# graphicalMCP", as.character(packageVersion("graphicalMCP")), "\n")
cat("procedure,by,p,weights,transitions,families,adjusted\n")
set.seed(1)
# each number by itself, so that none is cut to the digits of another
text <- function(x) paste(vapply(x, format, "", digits = 15), collapse = " ")
row <- function(procedure, by, p, adjusted, weights = NULL, transitions = NULL, families = NULL)
  cat(procedure, by, text(p), if (!is.null(weights)) text(weights) else "",
      if (!is.null(transitions)) paste(apply(transitions, 1, text), collapse = "/") else "",
      if (!is.null(families)) paste(vapply(families, text, ""), collapse = "/") else "", text(adjusted), sep = ",", fill = FALSE)
say <- function(...) { row(...); cat("\n") }
# p-values as they come: anywhere, small, tied, 0 and 1
vectors <- function(k) list(
  signif(runif(k), 6), signif(runif(k)^4, 6), signif(0.05 * runif(k), 6), round(runif(k), 1), round(0.1 * runif(k), 2),
  sample(c(0, 0.01, 0.02, 0.02, 0.5, 1), k, replace = TRUE))

for (k in 1:8) for (p in vectors(k)) {
  for (method in c("bonferroni", "holm", "hochberg", "hommel"))
    say(method, "p.adjust", p, p.adjust(p, method))
  if (k > 1) {
    cut <- sort(sample(k - 1, min(k - 1, sample(2, 1))))
    families <- split(seq_len(k), findInterval(seq_len(k), cut + 1))
    floor <- 0; adjusted <- numeric(k)
    for (f in families) { adjusted[f] <- pmax(p.adjust(p[f], "holm"), floor); floor <- max(floor, adjusted[f]) }
    say("serial", "p.adjust", p, adjusted, families = lapply(families, function(f) f - 1))
  }
}

closed <- function(graph, p) {
  closure <- graph_test_closure(graph, p, alpha = 0.025)$outputs$adjusted_p
  shortcut <- graph_test_shortcut(graph, p, alpha = 0.025)$outputs$adjusted_p
  stopifnot(max(abs(closure - shortcut)) < 1e-9)
  unname(shortcut)
}
shares <- function(k, zeros) {
  w <- rexp(k) * rbinom(k, 1, if (zeros) 0.6 else 1)
  if (sum(w) == 0) w[sample(k, 1)] <- 1
  round(w / sum(w) * sample(c(1, 1, 0.8), 1), 3)
}
within <- function(w) if (sum(w) > 1) replace(w, which.max(w), max(w) - (sum(w) - 1)) else w

for (k in 2:6) for (p in vectors(k)) {
  # a weight of 0 at a p-value of 0 is a matter of convention
  p[p == 0] <- 1e-12
  w <- within(shares(k, TRUE))
  g <- t(vapply(seq_len(k), function(j) { x <- numeric(k); x[-j] <- if (k == 2) sample(c(0, 0.7, 1), 1) else within(shares(k - 1, TRUE)); x }, numeric(k)))
  say("graph", "graphicalMCP", p, closed(graph_create(w, g), p), w, g)
  say("fallback", "graphicalMCP", p, closed(fallback(w), p), w)
  say("fixed-sequence", "graphicalMCP", p, closed(fixed_sequence(k), p))
  w <- within(pmax(shares(k, FALSE), 0.001)); w <- w / sum(w)
  # Holm's weights: what is rejected leaves to the others in proportion to theirs
  g <- t(vapply(seq_len(k), function(j) replace(w / (1 - w[j]), j, 0), numeric(k)))
  say("holm", "graphicalMCP", p, closed(graph_create(w, g / pmax(rowSums(g), 1)), p), w)
  say("bonferroni", "graphicalMCP", p, closed(bonferroni_weighted(w), p), w)
}
# graphs of the literature
for (p in c(vectors(4), list(c(0.01, 0.005, 0.012, 0.02), c(0.02, 0.01, 0.03, 0.001)))) {
  p[p == 0] <- 1e-12
  for (graph in list(simple_successive_1(), simple_successive_2()))
    say("graph", "graphicalMCP", p, closed(graph, p), graph$hypotheses, graph$transitions)
  parallel <- graph_create(c(0.5, 0.5, 0, 0), rbind(c(0, 0, 0.5, 0.5), c(0, 0, 0.5, 0.5), c(0, 0, 0, 1), c(0, 0, 1, 0)))
  say("parallel", "graphicalMCP", p, closed(parallel, p), families = list(0:1, 2:3))
}
for (p in vectors(6)) {
  p[p == 0] <- 1e-12
  graph <- two_doses_two_primary_two_secondary()
  say("graph", "graphicalMCP", p, closed(graph, p), graph$hypotheses, graph$transitions)
  # three families of 2, 1 and 3
  g <- matrix(0, 6, 6); g[1:2, 3] <- 1; g[3, 4:6] <- 1 / 3; g[4:6, 4:6] <- 0.5; diag(g) <- 0
  say("parallel", "graphicalMCP", p, closed(graph_create(c(0.5, 0.5, 0, 0, 0, 0), g), p), families = list(0:1, 2, 3:5))
}
