import './framed.css'
import { texts } from '../texts.ts'

/** A frame of the kiosk's wall before there is anything to say of its hospital. */
export function FramedOpening() {
  return (
    <div className="framed">
      <p className="framed-now">{texts.kiosk.framed.opening}</p>
    </div>
  )
}
