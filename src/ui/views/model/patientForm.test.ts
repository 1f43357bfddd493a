import { describe, expect, it } from 'vitest'
import { heartSchema } from '../../../data/heart.ts'
import { inputOf, labelOf } from './patientForm.ts'

describe('inputOf', () => {
  it('reads numbers with a point or a comma, and takes empty fields for missing', () => {
    const { input, bad } = inputOf(heartSchema, { age: '54', oldpeak: '1,5', cp: '4', sex: '1', chol: ' ' })
    expect(bad).toEqual([])
    expect(input).toMatchObject({ age: 54, oldpeak: 1.5, cp: '4', sex: 1, chol: null, thalach: null })
    expect(Object.keys(input)).toEqual(heartSchema.features.map(({ name }) => name))
  })

  it('names the columns that hold no number', () => {
    expect(inputOf(heartSchema, { age: 'old', chol: '1e999' }).bad).toEqual(['age', 'chol'])
  })
})

describe('labelOf', () => {
  it('says what people call a column', () => {
    expect(labelOf(heartSchema, 'chol')).toBe('Cholesterol')
    expect(labelOf(heartSchema, 'strange')).toBe('strange')
  })
})
