import './charts.css'
import { Button } from '@mantine/core'
import { type ReactNode, useId, useState } from 'react'
import { chartTexts } from '../texts/charts.ts'

interface PictureFrameProps {
  /** One sentence that says what the picture shows; its accessible name, too. */
  readonly sentence: string
  readonly picture: ReactNode
  /** The same figures as a table. */
  readonly table: ReactNode
}

/** A picture with its sentence, and the same as a table for who asks. */
export function PictureFrame({ sentence, picture, table }: PictureFrameProps) {
  const caption = useId()
  const [asTable, setAsTable] = useState(false)
  return (
    <figure className="ward-chart" aria-labelledby={caption}>
      {asTable ? (
        // Focusable, so that the keyboard can scroll it.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <section className="ward-chart-table" aria-labelledby={caption} tabIndex={0}>
          {table}
        </section>
      ) : (
        <div role="img" aria-labelledby={caption}>
          {picture}
        </div>
      )}
      <div className="ward-chart-foot">
        <figcaption id={caption}>{sentence}</figcaption>
        <Button variant="subtle" size="compact-sm" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? chartTexts.asPicture : chartTexts.asTable}
        </Button>
      </div>
    </figure>
  )
}
