import { createAccessibilityLook } from './support/accessibility.ts'
import { expect, test } from './support/test.ts'
import { tourOfJoining, tourOfKiosk, tourOfOffices, tourOfPages, tourOfStudy } from './tour/tour.ts'

const tours = {
  pages: tourOfPages,
  offices: tourOfOffices,
  joining: tourOfJoining,
  study: tourOfStudy,
  kiosk: tourOfKiosk,
}

for (const [name, tour] of Object.entries(tours)) {
  test(`no violation of WCAG 2.2 AA, and nothing wider than a phone: ${name}`, async ({ bed, newComputer }) => {
    const { look, found } = createAccessibilityLook()
    await tour({ bed, newComputer, look })
    expect(found).toEqual([])
  })
}
