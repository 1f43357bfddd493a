import { createPortal } from 'react-dom'
import type { ModelView, ShownPrediction } from '../../../app/desks/modelView.ts'
import type { ModelCard } from '../../../app/modelCard.ts'
import { patientsBand } from '../../../app/modelCard.ts'
import type { HospitalView } from '../../../app/store.ts'
import type { Manifest } from '../../../study/manifest.ts'
import { exactTime } from '../../format.ts'
import { predictionSentence } from '../../texts/model.ts'
import { gainHeadline } from '../../texts/results.ts'
import { texts } from '../../texts.ts'
import { usedDetails } from './cardOf.ts'
import { figureRows } from './figureRows.ts'
import { labelOf } from './patientForm.ts'
import { usePrinting } from './usePrinting.ts'

interface ReportProps {
  readonly card: ModelCard
  readonly view: HospitalView
  readonly model: ModelView
  readonly outcome: string
}

/** What the browser prints while the model's page is open, in place of the page: one sheet. */
export function Report(props: ReportProps) {
  return usePrinting() ? createPortal(<Sheet {...props} />, document.body) : null
}

function Sheet({ card, view, model, outcome }: ReportProps) {
  const { report } = texts.model
  const details = usedDetails(view, model)?.details ?? null
  const { results, provenance } = card
  return (
    <article className="ward-report" data-testid="report">
      <h1>{report.title(card.model.study)}</h1>
      <p>{card.model.purpose}</p>
      <table>
        <tbody>
          <Row name={report.hospital} value={view.name} />
          <Row
            name={report.patients}
            value={`${patientsBand(view.patients ?? 0)}; ${report.heldOut} ${card.cohort.heldOutHere}`}
          />
          <Row name={texts.model.card.hospitals} value={String(card.cohort.hospitals)} />
          <Row name={report.model} value={report.modelOf(card.model.round, provenance.model ?? '–')} />
          <Row name={texts.model.card.contract} value={provenance.studyContract} />
        </tbody>
      </table>
      <h2>{report.gained}</h2>
      <p>
        {'withheld' in results
          ? results.withheld
          : details && gainHeadline(details, report.people(card.cohort.heldOutHere))}
      </p>
      {!('withheld' in results) && (
        <table>
          <tbody>
            <tr>
              <th scope="col">{texts.results.measure}</th>
              {results.alone && <th scope="col">{texts.results.alone}</th>}
              <th scope="col">{texts.results.together}</th>
            </tr>
            {figureRows(results).map(({ name, alone, together }) => (
              <tr key={name}>
                <td>{name}</td>
                {results.alone && <td>{alone}</td>}
                <td>{together}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {view.study && model.prediction && (
        <Patient shown={model.prediction} manifest={view.study.manifest} outcome={outcome} />
      )}
      <p>
        {texts.researchUse} {report.written(exactTime(Date.parse(card.written)))}
      </p>
    </article>
  )
}

interface PatientProps {
  readonly shown: ShownPrediction
  readonly manifest: Manifest
  readonly outcome: string
}

function Patient({ shown: { input, prediction }, manifest, outcome }: PatientProps) {
  const { report, patient } = texts.model
  const { schema } = manifest
  const values =
    schema.kind === 'table' && !('pixels' in input)
      ? schema.features.flatMap(feature => {
          const value = (input as Readonly<Record<string, string | number | null>>)[feature.name]
          if (value === null || value === undefined) return []
          const { yes, no } = patient
          const shownValue = feature.type === 'binary' ? (value === 1 ? yes : no) : String(value)
          const unit = feature.type === 'number' ? feature.unit : undefined
          return [report.value(labelOf(schema, feature.name), shownValue, unit)]
        })
      : []
  return (
    <>
      <h2>{report.prediction}</h2>
      <p>{predictionSentence(prediction, outcome)}</p>
      {values.length > 0 && (
        <p>
          {report.predictionInputs}: {values.join('; ')}.{' '}
          {schema.kind === 'table' &&
            prediction.filledIn.length > 0 &&
            patient.filledIn(prediction.filledIn.map(name => labelOf(schema, name)))}
        </p>
      )}
      <p>{report.patientWarning}</p>
    </>
  )
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{value}</td>
    </tr>
  )
}
