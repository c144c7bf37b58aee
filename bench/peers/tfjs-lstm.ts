/** The orthogonal initializer needs methods that @tensorflow/tfjs-core lacks in Node; the weights are set anyway. */
export const lstmOptions = { recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' } as const;
