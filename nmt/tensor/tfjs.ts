/** The only import of TensorFlow.js: functional ops with gradients, and the interface of its backends. */
export * as tf from "@tensorflow/tfjs";
