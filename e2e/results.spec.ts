import { readFileSync } from 'node:fs'
import type { Download, Page } from '@playwright/test'
import * as tf from '@tensorflow/tfjs'
import { modelCardSchema, patientsBand } from '../src/app/modelCard.ts'
import { encodeRows } from '../src/data/encode.ts'
import { heartSchema } from '../src/data/heart.ts'
import { percent } from '../src/ui/format.ts'
import { chartTexts } from '../src/ui/texts/charts.ts'
import { percentOf } from '../src/ui/texts/model.ts'
import { texts } from '../src/ui/texts.ts'
import { heartCsv } from './support/heartData.ts'
import { shortHeart } from './support/studies.ts'
import { openTab, untilDone } from './support/tabs.ts'
import { expect, test } from './support/test.ts'

const { results, model: words, hospital } = texts
const rounds = 2

/** One patient of the form, everything known. */
const patient = {
  ...{ age: 54, sex: 1, cp: '4', trestbps: 130, chol: 250 },
  ...{ fbs: 0, restecg: '1', thalach: 150, exang: 1, oldpeak: 1.5 },
} as const

test('results, predictions, card, download and versions after a study of two rounds', async ({ bed, newComputer }) => {
  const study = await bed.openStudy(shortHeart(rounds), { hospitals: 3, data: { kind: 'heart' } })
  const pages: Page[] = []
  for (const k of [1, 2, 3]) pages.push(await openTab(await newComputer(), study.url(k)))
  const [page] = pages as [Page]
  await page.getByRole('tab', { name: hospital.views.results }).click()
  await expect(page.getByText(results.before.answer)).toBeVisible()
  await study.startWhenJoined()
  const [result] = await untilDone(pages, 150_000)
  if (result?.local == null) throw new Error('the study ended without a model trained alone')

  await test.step('the figures are those of the last evaluation', async () => {
    await expect(page.getByTestId('gain')).toContainText(`${result.federated.patients} held-out patients`)
    await expect(page.getByText(results.ofRound(rounds))).toBeVisible()
    const gained = page.getByRole('region', { name: results.heading })
    await gained.getByRole('button', { name: chartTexts.asTable }).click()
    const row = gained.getByRole('row', { name: results.measures.accuracy })
    await expect(row.getByRole('cell').nth(0)).toContainText(percent(result.local?.accuracy))
    await expect(row.getByRole('cell').nth(1)).toContainText(percent(result.federated.accuracy))
    // Told apart or not, the sentence and the table's last column say the same.
    const isOpen = (await page.getByTestId('gain').textContent())?.includes('cannot be told apart')
    await expect(row.getByRole('cell').last()).toHaveText(isOpen ? results.verdicts.open : /^(better|worse)$/)
  })

  await test.step('the threshold moves by keyboard, and the counts with it', async () => {
    const counts = page.getByTestId('counts')
    const chosen = (await counts.textContent()) ?? ''
    const slider = page.getByRole('slider', { name: results.threshold.slider })
    await slider.focus()
    await page.keyboard.press('Home')
    const [no = 0, yes = 0] = result.federated.confusion.map(row => row.reduce((sum, n) => sum + n, 0))
    await expect(counts).toContainText(`${yes} found, 0 missed`)
    await expect(counts).toContainText(`0 cleared, ${no} alarmed`)
    await page.keyboard.press('End')
    await expect(counts).toContainText(`0 found, ${yes} missed`)
    await expect(slider).toHaveAttribute('aria-valuetext', results.threshold.value(1))
    // At a half it is the confusion that the evaluation counted.
    for (let i = 0; i < 50; i++) await page.keyboard.press('ArrowLeft')
    const [[cleared, alarmed] = [], [missed, found] = []] = result.federated.confusion
    await expect(counts).toContainText(`${found} found, ${missed} missed`)
    await expect(counts).toContainText(`${cleared} cleared, ${alarmed} alarmed`)
    await page.getByRole('button', { name: results.threshold.back }).click()
    await expect(counts).toHaveText(chosen)
  })

  await page.getByRole('tab', { name: hospital.views.model, exact: true }).click()
  await expect(page.getByText(texts.researchUse)).toBeVisible()

  await test.step('a patient with a missing and an unusual value', async () => {
    await fill(page, { age: 54, cp: '4', chol: 2000 })
    await page.getByRole('button', { name: words.patient.ask }).click()
    await expect(page.getByTestId('answer')).toContainText('heart disease a probability of')
    await expect(page.getByTestId('prediction')).toContainText('Resting blood pressure')
    await expect(page.getByText(/Cholesterol: 2000 is outside/)).toBeVisible()
    await page.getByRole('textbox', { name: 'Age' }).fill('old')
    await expect(page.getByTestId('answer')).toBeHidden()
    await page.getByRole('button', { name: words.patient.ask }).click()
    await expect(page.getByText(words.patient.notANumber)).toBeVisible()
    await expect(page.getByRole('textbox', { name: 'Age' })).toBeFocused()
  })

  await test.step('the downloaded model says in stock tfjs what the page says', async () => {
    await page.getByRole('button', { name: words.patient.clear }).click()
    await fill(page, patient)
    await page.getByRole('button', { name: words.patient.ask }).click()
    const answer = await page.getByTestId('answer').textContent()
    const files = new Map<string, Buffer>()
    const both = Promise.all([page.waitForEvent('download'), downloadAfterNext(page)])
    await page.getByRole('button', { name: words.take.download }).click()
    for (const file of await both) files.set(file.suggestedFilename(), readFileSync(await file.path()))
    const json = JSON.parse(String(files.get('model.json')))
    const weights = new Uint8Array(files.get('weights.bin') ?? []).slice().buffer
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest[0].weights,
        weightData: weights,
      }),
    )
    const columns = Object.keys(patient)
    const row = encodeRows(heartSchema, [{ cells: Object.values(patient), label: 0 }], columns, 'the form')
    const input = tf.tensor2d([...row], [1, row.length])
    const [probability] = await (model.predict(input) as tf.Tensor).data()
    tf.dispose([input, model.weights.map(weight => weight.read())])
    expect(answer).toContain(`a probability of ${percentOf(probability)}`)
  })

  await test.step('a file of patients gets a prediction for every row that has one', async () => {
    const csv = heartCsv(4).trimEnd().split('\n')
    const broken = [...csv, `old,${csv.at(-1)?.split(',').slice(1).join(',')}`].join('\n')
    const file = { name: 'Ward 7, Mrs Smith.csv', mimeType: 'text/csv', buffer: Buffer.from(broken) }
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByRole('button', { name: words.file.predict }).click()
    await expect(page.getByText(words.file.problems(1))).toBeVisible()
    const download = await downloaded(page, words.file.download)
    expect(download.suggestedFilename()).toBe('heart-disease-predictions.csv')
    const lines = String(readFileSync(await download.path()))
      .trimEnd()
      .split('\n')
    expect(lines).toHaveLength(broken.split('\n').length)
    const predicted = lines.slice(1).filter(line => /,0\.\d{4},(yes|no),/.test(line))
    expect(predicted).toHaveLength(csv.length - 1)
  })

  await test.step('the card is what its schema says, and tells no counts', async () => {
    const json = await downloaded(page, words.card.json)
    expect(json.suggestedFilename()).toBe(`heart-disease-model-card-round-${rounds}.json`)
    const card = modelCardSchema.parse(JSON.parse(String(readFileSync(await json.path()))))
    expect(card.provenance.studyContract).toBe(study.address)
    expect(card.provenance.transactions).toHaveLength(2)
    expect(card.cohort).toMatchObject({
      hospitals: 3,
      patientsHere: patientsBand(result.patients),
      heldOutHere: patientsBand(result.federated.patients),
    })
    const markdown = String(readFileSync(await (await downloaded(page, words.card.markdown)).path()))
    expect(markdown).toContain('# Model card: Heart disease')
    await page.getByRole('button', { name: words.card.show }).click()
    await expect(page.getByTestId('model-card')).toContainText('It is not a medical device')
  })

  await test.step('every round has a version; an older one can be used and compared', async () => {
    const table = page.getByTestId('versions')
    // Beside the rounds' models there is the start.
    await expect(table.locator('tbody').getByRole('row')).toHaveCount(rounds + 1)
    await expect(table.getByRole('row').nth(1)).toContainText(words.versions.recommended)
    await page.getByRole('button', { name: words.versions.compareLabel(1) }).click()
    await expect(page.getByRole('heading', { name: words.versions.compared(1, rounds) })).toBeVisible()
    await page.getByRole('button', { name: words.versions.pickLabel(1) }).click()
    await expect(page.getByText(words.inUse.older(1))).toBeVisible()
    await page.getByRole('button', { name: words.patient.ask }).click()
    await expect(page.getByTestId('prediction')).toContainText(words.patient.ofRound(1))
  })

  await test.step('on paper there is one sheet with study, version, hospital and gain', async () => {
    await page.emulateMedia({ media: 'print' })
    const report = page.getByTestId('report')
    await expect(report).toBeVisible()
    await expect(page.getByRole('main')).toBeHidden()
    await expect(report).toContainText(texts.researchUse)
    await expect(report).toContainText(study.address)
    await expect(report).toContainText('Male yes; Chest pain 4; Resting blood pressure 130 mmHg')
    await expect(report).not.toContainText(`${result.federated.patients} held-out`)
    const pdf = await page.pdf({ format: 'A4' })
    expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g)).toHaveLength(1)
  })
})

/** Types values into the form, by the schema's labels. */
async function fill(page: Page, values: Readonly<Record<string, string | number>>): Promise<void> {
  for (const { name, type, label = name } of heartSchema.features) {
    const value = values[name]
    if (value === undefined) continue
    if (type === 'number') await page.getByRole('textbox', { name: label }).fill(String(value))
    else await page.getByRole('combobox', { name: label }).selectOption(String(value))
  }
}

async function downloaded(page: Page, button: string): Promise<Download> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ])
  return download
}

/** The second of two downloads that one press starts. */
function downloadAfterNext(page: Page): Promise<Download> {
  let seen = 0
  return page.waitForEvent('download', () => ++seen === 2)
}
