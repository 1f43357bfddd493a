import { Stack, Table, Text } from '@mantine/core'
import type { CSSProperties } from 'react'
import type { ShownPrediction } from '../../../app/desks/modelView.ts'
import { shownRound } from '../../../app/phases.ts'
import type { Manifest } from '../../../study/manifest.ts'
import { percentOf, predictionSentence } from '../../texts/model.ts'
import { outcomeInSentence } from '../../texts/results.ts'
import { texts } from '../../texts.ts'
import { labelOf } from './patientForm.ts'

/** What the model says of one patient: in words, then as a bar or a table, then what it stands on. */
export function Answer({ shown, manifest }: { readonly shown: ShownPrediction; readonly manifest: Manifest }) {
  const { patient } = texts.model
  const { prediction, round } = shown
  const { schema } = manifest
  const outcome = schema.kind === 'table' ? outcomeInSentence(schema.outcome) : ''
  const { probabilities, threshold, filledIn } = prediction
  const yes = probabilities[1] ?? probabilities[0] ?? 0
  return (
    <Stack gap="sm">
      <Text size="lg" className="ward-measure" data-testid="answer">
        {predictionSentence(prediction, outcome)}
      </Text>
      {threshold === null ? (
        <Classes prediction={prediction} />
      ) : (
        <div aria-hidden="true">
          <div
            className="ward-probability"
            style={{ '--share': `${yes * 100}%`, '--threshold': `${threshold * 100}%` } as CSSProperties}
          >
            <span />
            <i />
          </div>
          <div className="ward-probability-ends">
            <span>0 %</span>
            <span>{patient.threshold(threshold)}</span>
            <span>100 %</span>
          </div>
        </div>
      )}
      <Text size="sm" c="dimmed" className="ward-measure">
        {filledIn.length > 0 &&
          `${patient.filledIn(filledIn.map(name => (schema.kind === 'table' ? labelOf(schema, name) : name)))} `}
        {patient.ofRound(shownRound(round, manifest))}
      </Text>
    </Stack>
  )
}

function Classes({ prediction: { probabilities, classes } }: Pick<ShownPrediction, 'prediction'>) {
  return (
    <Table verticalSpacing={4} maw={320} captionSide="top">
      <Table.Caption ta="left">{texts.model.patient.classesCaption}</Table.Caption>
      <Table.Tbody>
        {classes
          .map((name, i) => ({ name, probability: probabilities[i] ?? 0 }))
          .sort((a, b) => b.probability - a.probability)
          .slice(0, 3)
          .map(({ name, probability }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400}>
                {name}
              </Table.Th>
              <Table.Td ta="right">{percentOf(probability)}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  )
}
