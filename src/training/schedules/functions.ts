/** Functions of float64 that `Math` has too, but rounds as its engine likes: the training kernels' give the same bits everywhere. */
export interface Functions {
  readonly cosine: (x: number) => number;
  readonly power: (base: number, exponent: number) => number;
}
