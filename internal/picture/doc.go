// Package picture makes what people upload fit for a model that sees: upright, still,
// of a size and a format that it takes, and without what a camera writes beside it.
//
// # Guarantees
//
//  1. What a picture is, its content says, never its name. PNG, JPEG, GIF, WebP, BMP
//     and TIFF are read; others are refused by their own name, with what to do.
//  2. Nothing is decoded before its header was read: more than Options.Pixels, or a size
//     that cannot be, is refused without having cost anything.
//  3. What is decoded at one time takes at most Options.Memory in all, by an estimate of
//     each picture from its header; others wait for their turn or their context.
//  4. What comes out is PNG, JPEG, WebP or a still GIF, within Options.Side and
//     Options.Out, has been decoded once without an error, and stands upright as EXIF
//     says.
//  5. No place, camera, author, comment or hidden thumbnail leaves: EXIF, XMP, IPTC,
//     text chunks and what stands behind a picture's end are cut out. Colour profiles stay.
//  6. A picture that is not accepted is a *Refusal with one line for people. Other
//     errors are the caller's context and a source that cannot be read.
//
// A picture that needs no change keeps its bytes, but for 5.
//
// Not guaranteed: more than the first frame of an animation or the first page of a
// TIFF, which Picture.Note says. HEIC and AVIF need decoders that are not to be had
// under a free licence without C; Slack makes thumbnails of them.
package picture
