import { Button, FileButton, Group, NativeSelect, Progress, Stack, Text } from '@mantine/core'
import type { FileView } from '../../../app/desks/modelView.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { TableSchema } from '../../../study/manifest.ts'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { download, fileNameOf } from '../../download.ts'
import { texts } from '../../texts.ts'
import { labelOf } from './patientForm.ts'

/** Cells that are listed; the rest is counted. */
const SHOWN_PROBLEMS = 5

interface FilePanelProps {
  readonly session: HospitalSession
  readonly schema: TableSchema
  /** Names the download: never the chosen file's own name, which may say something of its patients. */
  readonly study: string
  readonly shown: FileView | null
}

/** A file of patients: which column is which, predictions for every row, and the file with them. */
export function FilePanel({ session, schema, study, shown }: FilePanelProps) {
  const { file: words } = texts.model
  return (
    <Panel question={words.heading} answer={words.answer}>
      <Group gap="sm">
        <FileButton accept=".csv,text/csv" onChange={file => file && session.model.chooseFile(file)}>
          {props => (
            <Button {...props} variant="default">
              {shown === null ? words.choose : words.another}
            </Button>
          )}
        </FileButton>
        {shown && <Text>{shown.check ? words.name(shown.file.name, shown.check.rows) : shown.file.name}</Text>}
      </Group>
      {shown && <Chosen session={session} schema={schema} study={study} shown={shown} />}
    </Panel>
  )
}

function Chosen({ session, schema, study, shown }: FilePanelProps & { readonly shown: FileView }) {
  const { file: words } = texts.model
  const { check, busy, progress, result, error, mapping } = shown
  const unusable = new Set(result?.problems.map(({ row }) => row)).size
  const missing = schema.features.filter(({ name }) => !mapping[name])
  return (
    <Stack gap="md">
      {busy === 'checking' && (
        <Text aria-live="polite" c="dimmed">
          {words.checking}
        </Text>
      )}
      {error && <ErrorPanel error={error} />}
      {check && (
        <details open={missing.length > 0}>
          <summary>{words.mapping}</summary>
          <div className="ward-form-grid" style={{ paddingTop: 8 }}>
            {schema.features.map(({ name }) => (
              <NativeSelect
                key={name}
                label={labelOf(schema, name)}
                value={mapping[name] ?? ''}
                disabled={busy === 'predicting'}
                data={[
                  { value: '', label: words.notThere },
                  ...check.columns.map(column => ({ value: column, label: column })),
                ]}
                onChange={event => session.model.mapColumn(name, event.currentTarget.value || null)}
              />
            ))}
          </div>
        </details>
      )}
      {check && missing.length > 0 && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.unmapped(missing.map(({ name }) => labelOf(schema, name)))}
        </Text>
      )}
      {check && busy !== 'predicting' && result === null && (
        <Group>
          <Button onClick={() => session.model.predictFile()} disabled={busy !== null}>
            {words.predict}
          </Button>
        </Group>
      )}
      {busy === 'predicting' && (
        <Group gap="md">
          <Progress
            value={progress && progress.total > 0 ? (progress.done / progress.total) * 100 : 0}
            size="lg"
            flex={1}
            miw={160}
            aria-label={words.predicting(progress?.done ?? 0, progress?.total ?? 0)}
          />
          <Button variant="default" onClick={() => session.model.cancelFile()}>
            {words.cancel}
          </Button>
        </Group>
      )}
      <div aria-live="polite">{result && <Text>{words.done(result.rows - unusable, result.filledIn)}</Text>}</div>
      {result && result.problems.length > 0 && (
        <Stack gap={4}>
          <Text>{words.problems(unusable)}</Text>
          {result.problems.slice(0, SHOWN_PROBLEMS).map(({ row, column, value, expected }) => (
            <Text key={`${row} ${column}`} size="sm">
              {words.problem(row, column, value, expected)}
            </Text>
          ))}
          {result.problems.length > SHOWN_PROBLEMS && (
            <Text size="sm" c="dimmed">
              {words.moreProblems(result.problems.length - SHOWN_PROBLEMS)}
            </Text>
          )}
        </Stack>
      )}
      {result && (
        <Group>
          <Button onClick={() => download(words.fileName(fileNameOf(study)), 'text/csv', result.csv)}>
            {words.download}
          </Button>
        </Group>
      )}
    </Stack>
  )
}
