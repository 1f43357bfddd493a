import { describe, expect, it } from 'vitest'
import type { Prediction } from '../../training/screen.ts'
import { percentOf, predictionSentence } from './model.ts'

const prediction = (yes: number, threshold: number | null): Prediction => ({
  probabilities: [1 - yes, yes],
  classes: ['no', 'yes'],
  threshold,
  filledIn: [],
  unusual: [],
})

describe('predictionSentence', () => {
  it('says yes from the threshold up', () => {
    expect(predictionSentence(prediction(0.42, 0.42), 'heart disease')).toBe(
      'The model gives heart disease a probability of 42 %. At or above the threshold of 42 % that was chosen on patients that are not held out, it says yes.',
    )
    expect(predictionSentence(prediction(0.4199, 0.42), 'heart disease')).toContain('Below the threshold')
    expect(predictionSentence(prediction(0.4199, 0.42), 'heart disease')).toContain('it says no')
  })

  it('names the likeliest of several classes', () => {
    const digits: Prediction = { ...prediction(0, null), probabilities: [0.1, 0.2, 0.7], classes: ['0', '1', '2'] }
    expect(predictionSentence(digits, '')).toBe('Most likely “2”: the model gives it 70 %.')
  })
})

describe('percentOf', () => {
  it.each([
    [0, '0 %'],
    [0.0049, 'less than 1 %'],
    [0.005, '1 %'],
    [0.7341, '73 %'],
    [0.995, 'more than 99 %'],
    [1, '100 %'],
    [undefined, '–'],
  ])('says %s without a certainty that is not there', (probability, text) => {
    expect(percentOf(probability)).toBe(text)
  })
})
