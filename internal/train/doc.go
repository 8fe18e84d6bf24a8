// Package train runs a curriculum: samples → sequences → batches → optimiser steps → validations → checkpoints.
//
// Its order of samples is a function of the seed, and its state (weights, moments, a few integers) is saved so that a run
// killed anywhere goes on to the bit.
package train
