import { describe, expect, it } from 'vitest'
import { signInProblemIn, signInWords } from './sign_in_words'

describe('a sign-in that did not come to its end', () => {
  it('says so by the code in the address, whatever that is', () => {
    expect(signInWords(signInProblemIn(''))).toBe('')
    expect(signInWords(signInProblemIn('#token=x'))).toBe('')
    expect(signInWords(signInProblemIn('#problem=sign_in_over'))).toContain('Begin again')
    expect(signInWords(signInProblemIn('#problem=<b>new'))).toBe('You were not signed in. Try again.')
  })
})
