import { describe, expect, it } from 'vitest'
import { measured, modelDetails, resultDetails } from '../../app/testResults.ts'
import {
  calibrationSentence,
  comparisonSentence,
  countsSentence,
  gainHeadline,
  historySentence,
  lossSentence,
  outcomeInSentence,
  subgroupSentence,
} from './results.ts'

const withDifference = (low: number, value: number, high: number) =>
  resultDetails({
    difference: { accuracy: measured(value, low, high), auc: null, logLoss: measured(0, -0.1, 0.1) },
  })

describe('gainHeadline', () => {
  it('says better only where the whole interval is above zero', () => {
    expect(gainHeadline(withDifference(0.012, 0.05, 0.074))).toBe(
      'Training together is better here: accuracy is 5.0 points higher (95 % interval 1.2 to 7.4 points), 80.0 % against 75.0 % on 100 held-out patients.',
    )
  })

  it('says worse as plainly', () => {
    expect(gainHeadline(withDifference(-0.074, -0.05, -0.012))).toContain(
      'Training together is worse here: accuracy is 5.0 points lower (95 % interval 1.2 to 7.4 points)',
    )
  })

  it('does not sell what may be chance', () => {
    expect(gainHeadline(withDifference(-0.021, 0.043, 0.107))).toBe(
      'Together and alone cannot be told apart on your 100 held-out patients. Together came out 4.3 points higher in accuracy, but the truth may be anything from 2.1 points worse to 10.7 points better.',
    )
    expect(gainHeadline(withDifference(0, 0.05, 0.1))).toContain('anything from no difference to 10.0 points better')
    expect(gainHeadline(withDifference(0, 0, 0))).toContain('Both came out the same in accuracy')
  })

  it('has a sentence without a model of one’s own, and for a single patient', () => {
    expect(gainHeadline(resultDetails({ local: null, difference: null, patients: 1 }))).toBe(
      'The shared model is right for 80.0 % (95 % interval 70.0 % to 90.0 %) of your one held-out patient.',
    )
  })
})

describe('what the pictures show', () => {
  it('sorts the measures by what their intervals say', () => {
    const difference = {
      accuracy: measured(0.05, 0.01, 0.1),
      auc: measured(0.01, -0.1, 0.1),
      logLoss: measured(0.2, 0.1, 0.3),
    }
    expect(comparisonSentence(resultDetails({ difference }))).toBe(
      'Together is better in accuracy; together is worse in log-loss; the two cannot be told apart in the area under the ROC curve. Dots are measured, bands their 95 % intervals.',
    )
    expect(lossSentence(resultDetails({ difference }))).toContain(
      'Its probabilities are worse: log-loss is 0.200 higher (95 % interval 0.100 to 0.300).',
    )
    expect(lossSentence(withDifference(0, 0, 0))).toBeNull()
  })

  it('counts patients in words', () => {
    const counts = { withOutcome: 1, found: 1, missed: 0, without: 60, cleared: 50, alarmed: 10 }
    expect(countsSentence(counts, 'heart disease')).toBe(
      'Of 1 patient with heart disease 1 found, 0 missed; of 60 patients without, 50 cleared, 10 alarmed for nothing.',
    )
  })

  it('names the outcome as it would stand in a sentence', () => {
    expect(outcomeInSentence({ name: 'num', label: 'Heart disease' })).toBe('heart disease')
    expect(outcomeInSentence({ name: 'num', label: 'MS relapse' })).toBe('MS relapse')
    expect(outcomeInSentence({ name: 'ill' })).toBe('“ill”')
  })

  it('says where probabilities do not fit', () => {
    const bin = (predicted: number) => ({ from: 0, to: 1, patients: 9, predicted, observed: measured(0.5, 0.4, 0.6) })
    expect(calibrationSentence(modelDetails({ calibration: [bin(0.5), bin(0.9), bin(0.1)] }))).toContain(
      'In 1 of 3 bands what happened fits what was said. In 1 the model said too much, in 1 too little.',
    )
  })

  it('says how the rounds went, also when the last was not the best', () => {
    expect(historySentence([{ round: 1, accuracy: 0.7 }])).toContain('a line needs a second one')
    expect(
      historySentence([
        { round: 1, accuracy: 0.7 },
        { round: 2, accuracy: 0.85 },
        { round: 3, accuracy: 0.8 },
      ]),
    ).toBe('Accuracy rose from 70.0 % after round 1 to 80.0 % after round 3; it was highest after round 2, 85.0 %.')
  })

  it('tells the spread over groups', () => {
    const group = (name: string, value: number) => ({
      name,
      patients: 30,
      federated: measured(value, value - 0.1, value + 0.1),
      local: measured(value, value - 0.1, value + 0.1),
    })
    expect(subgroupSentence(resultDetails({ subgroups: [group('Men', 0.7), group('Women', 0.9)] }))).toBe(
      'Accuracy of the shared model goes from 70.0 % (Men) to 90.0 % (Women). In no group are together and alone clearly apart.',
    )
    expect(subgroupSentence(resultDetails())).toContain('No group has 20')
  })
})
