package modelsim

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net"
	"net/url"
	"strings"
	"unicode/utf8"
)

// pictureFormat tells a picture's format by its first bytes, "" for none that
// OpenAI reads.
func pictureFormat(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "jpeg"
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return "gif"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "webp"
	}
	return ""
}

// badPicture is what is wrong with the bytes of a picture.
type badPicture struct{ code, why string }

// checkPicture looks whether b is a whole picture, without decoding its pixels.
func checkPicture(b []byte) *badPicture {
	format := pictureFormat(b)
	var size image.Config
	var err error
	whole := true
	switch format {
	case "png":
		size, err = png.DecodeConfig(bytes.NewReader(b))
		whole = bytes.Contains(b[max(0, len(b)-64):], []byte("IEND"))
	case "jpeg":
		size, err = jpeg.DecodeConfig(bytes.NewReader(b))
		whole = bytes.Contains(b[2:], []byte("\xff\xd9"))
	case "gif":
		var frames int
		size, err = gif.DecodeConfig(bytes.NewReader(b))
		if frames, whole = gifFrames(b); frames > 1 {
			return &badPicture{"unsupported_image_media_type", "Animated GIFs are not supported."}
		}
	case "webp":
		size.Width, size.Height, err = webpSize(b)
		whole = int64(len(b)) >= int64(binary.LittleEndian.Uint32(b[4:8]))+8
	default:
		return &badPicture{"invalid_image_format", "The image data you provided does not represent a valid image. Please check your input and try again with one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp']."}
	}
	switch {
	case err != nil:
		return &badPicture{"image_parse_error", "The image could not be parsed: " + err.Error() + "."}
	case !whole:
		return &badPicture{"image_parse_error", "The image could not be parsed: it ends too early."}
	case size.Width < 1 || size.Height < 1 || size.Width > maxPixels/size.Height:
		return &badPicture{"image_too_large", "The image has no pixels, or too many."}
	}
	return nil
}

// gifFrames counts the pictures in a GIF, and says whether it goes to its end.
func gifFrames(b []byte) (n int, whole bool) {
	at := 13 // header and screen
	table := func(flags byte) {
		if flags&0x80 != 0 {
			at += 3 << (flags&7 + 1)
		}
	}
	blocks := func() {
		for at < len(b) && b[at] != 0 {
			at += int(b[at]) + 1
		}
		at++
	}
	if len(b) > 10 {
		table(b[10])
	}
	for at < len(b) {
		switch b[at] {
		case 0x21: // extension
			at += 2
			blocks()
		case 0x2c: // picture
			n++
			if at+9 < len(b) {
				flags := b[at+9]
				at += 11
				table(flags)
			} else {
				at = len(b)
			}
			blocks()
		case 0x3b:
			return n, n > 0
		default:
			return n, false
		}
	}
	return n, false
}

// webpSize reads the size out of the head of a WebP file.
func webpSize(b []byte) (w, h int, err error) {
	if len(b) < 30 {
		return 0, 0, errors.New("webp: too short")
	}
	le := binary.LittleEndian
	switch string(b[12:16]) {
	case "VP8 ":
		w, h = int(le.Uint16(b[26:]))&0x3fff, int(le.Uint16(b[28:]))&0x3fff
	case "VP8L":
		v := le.Uint32(b[21:])
		w, h = int(v&0x3fff)+1, int(v>>14&0x3fff)+1
	case "VP8X":
		w, h = int(b[24])|int(b[25])<<8|int(b[26])<<16+1, int(b[27])|int(b[28])<<8|int(b[29])<<16+1
	default:
		return 0, 0, errors.New("webp: no picture chunk")
	}
	if w < 1 || h < 1 {
		return 0, 0, errors.New("webp: no size")
	}
	return w, h, nil
}

const maxPixels = 40 << 20 // of a picture that is sent

// readPicture decodes what an edit starts from. Of a WebP it knows the size
// alone, so it returns an even gray.
func readPicture(b []byte) (image.Image, *badPicture) {
	if bad := checkPicture(b); bad != nil {
		return nil, bad
	}
	if pictureFormat(b) == "webp" {
		w, h, _ := webpSize(b) // checkPicture has read it
		return grayImage(image.Rect(0, 0, w, h)), nil
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, &badPicture{"image_parse_error", "The image could not be parsed: " + err.Error() + "."}
	}
	return m, nil
}

// grayImage is evenly gray.
type grayImage image.Rectangle

func (grayImage) ColorModel() color.Model   { return color.GrayModel }
func (g grayImage) Bounds() image.Rectangle { return image.Rectangle(g) }
func (grayImage) At(_, _ int) color.Color   { return color.Gray{128} }

// dataURL takes a base64 data URL apart.
func dataURL(s string) (mediaType string, data []byte, ok bool) {
	head, payload, found := strings.Cut(s, ",")
	head, isData := strings.CutPrefix(head, "data:")
	head, isBase64 := strings.CutSuffix(head, ";base64")
	if !found || !isData || !isBase64 {
		return "", nil, false
	}
	mediaType, _, _ = strings.Cut(head, ";")
	data, err := base64.StdEncoding.DecodeString(payload)
	return strings.ToLower(mediaType), data, err == nil
}

// checkImageURL refuses what is no picture: undecodable base64, an unknown
// format, broken or mislabelled bytes. Nothing is fetched, so an ordinary URL is
// believed unless OpenAI could not get at it.
func checkImageURL(param, s string) *apiError {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		return checkReachable(param, s)
	}
	if !strings.HasPrefix(s, "data:") {
		return badRequest("invalid_value", param, "Invalid '"+param+"'. Expected a valid URL, but got a value with an invalid format.")
	}
	kind, data, ok := dataURL(s)
	switch {
	case !ok:
		return badRequest("invalid_base64_image", param, "Invalid base64 image data in '"+param+"'.")
	case len(data) == 0:
		return badRequest("empty_image_file", param, "The image in '"+param+"' is empty.")
	}
	if bad := checkPicture(data); bad != nil {
		return badRequest(bad.code, param, bad.why)
	}
	format := pictureFormat(data)
	if kind != "image/"+format && !(kind == "image/jpg" && format == "jpeg") {
		return badRequest("unsupported_image_media_type", param, "The image in '"+param+"' is image/"+format+", but its URL says '"+kind+"'.")
	}
	return nil
}

// checkReachable refuses URLs of which it is known that OpenAI's servers cannot
// fetch them: files of Slack, which need a token, and hosts that are not public.
func checkReachable(param, s string) *apiError {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return badRequest("invalid_value", param, "Invalid '"+param+"'. Expected a valid URL, but got a value with an invalid format.")
	}
	host := strings.ToLower(u.Hostname())
	ip := net.ParseIP(host)
	private := host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified())
	if private || host == "slack.com" || strings.HasSuffix(host, ".slack.com") {
		return badRequest("failed_to_download_image", param, "Error while downloading "+clip(s, 200)+". Send the data itself, or an uploaded file's id.")
	}
	return nil
}

// checkFileBytes says what is wrong with the bytes of an input_file, which must
// be what their media type or name says.
func checkFileBytes(mediaType, name string, b []byte) string {
	name = strings.ToLower(name)
	is := func(types ...string) bool {
		for _, t := range types {
			if strings.HasPrefix(t, ".") && strings.HasSuffix(name, t) || mediaType == t {
				return true
			}
		}
		return false
	}
	switch {
	case len(b) == 0:
		return "the file is empty"
	case is("application/pdf", ".pdf"):
		if !bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")) {
			return "it is not a PDF"
		}
	case is(".docx", ".xlsx", ".pptx"):
		if !bytes.HasPrefix(b, []byte("PK\x03\x04")) {
			return "it is not an Office document"
		}
	case strings.HasPrefix(mediaType, "image/"):
		return "an image belongs into an input_image"
	case strings.HasPrefix(mediaType, "text/"), is("application/json", ".txt", ".md", ".csv", ".json", ".html", ".xml"):
		if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
			return "it is not text in UTF-8"
		}
	}
	return ""
}
