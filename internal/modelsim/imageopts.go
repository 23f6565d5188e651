package modelsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// imageOptions are the settings of an image, which the Images API and the
// image_generation tool share.
type imageOptions struct {
	Model             string    `json:"model"`
	Size              string    `json:"size"`
	Quality           string    `json:"quality"`
	Background        string    `json:"background"`
	OutputFormat      string    `json:"output_format"`
	OutputCompression *int      `json:"output_compression"`
	PartialImages     *int      `json:"partial_images"`
	Moderation        string    `json:"moderation"`
	InputFidelity     string    `json:"input_fidelity"`
	Complexity        string    `json:"complexity"`
	FrameCount        *int      `json:"frame_count"`
	FrameDuration     *int      `json:"frame_duration_ms"`
	SVG               any       `json:"svg"`
	Mask              *imageRef `json:"input_image_mask"` // of the tool
	Action            string    `json:"action"`           // of the tool
}

// imageRef names a picture by URL, data URL or uploaded file.
type imageRef struct {
	ImageURL string `json:"image_url"`
	FileID   string `json:"file_id"`
}

const (
	defaultImageModel = "gpt-image-2"
	imageToolKeys     = "type model size quality background output_format output_compression partial_images moderation input_fidelity complexity frame_count frame_duration_ms svg input_image_mask action"
)

// imageModels lists the image models that OpenAI served in November 2026.
func imageModels() []string {
	return []string{"gpt-image-2", "gpt-image-2-2026-04-21", "gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2.6-sunburst", "gpt-image-2.6-flare",
		"gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"}
}

// check holds the options to what their model can do. prefix is put before the
// names in errors.
func (o *imageOptions) check(prefix string) *apiError {
	o.Model = orDefault(o.Model, defaultImageModel)
	if !slices.Contains(imageModels(), o.Model) {
		return &apiError{status: 404, Type: "invalid_request_error", Code: "model_not_found", Param: prefix + "model", Message: failureMessage("model_not_found", o.Model)}
	}
	modern := strings.HasPrefix(o.Model, "gpt-image-2")
	qualities := []string{"low", "medium", "high", "auto"}
	if strings.HasPrefix(o.Model, "gpt-image-2.") {
		qualities = append(qualities, "xhigh", "max")
	}
	formats := []string{"png", "jpeg", "webp"}
	if modern {
		formats = append(formats, "gif", "svg")
	}
	for _, c := range []struct {
		param, value string
		allowed      []string
	}{
		{"quality", o.Quality, qualities},
		{"background", o.Background, []string{"transparent", "opaque", "auto"}},
		{"output_format", o.OutputFormat, formats},
		{"moderation", o.Moderation, []string{"auto", "low"}},
		{"complexity", o.Complexity, []string{"low", "medium", "high"}},
		{"input_fidelity", o.InputFidelity, []string{"high", "low"}},
		{"action", o.Action, []string{"generate", "edit", "auto"}},
	} {
		if c.value != "" {
			if err := oneOf(prefix+c.param, c.value, c.allowed...); err != nil {
				return err
			}
		}
	}
	format := orDefault(o.OutputFormat, "png")
	switch {
	case o.InputFidelity != "" && modern, o.InputFidelity == "high" && o.Model == "gpt-image-1-mini":
		return badRequest("unsupported_parameter", prefix+"input_fidelity", "Unsupported parameter: '"+prefix+"input_fidelity' is not supported with this model.")
	case o.OutputCompression != nil && (*o.OutputCompression < 0 || *o.OutputCompression > 100):
		return badRequest("integer_out_of_range", prefix+"output_compression", "Invalid '"+prefix+"output_compression': expected a value from 0 to 100.")
	case o.OutputCompression != nil && *o.OutputCompression < 100 && format != "jpeg" && format != "webp":
		return badRequest("invalid_value", prefix+"output_compression", "Compression less than 100 is not supported for "+strings.ToUpper(format)+" output format.")
	case o.PartialImages != nil && (*o.PartialImages < 0 || *o.PartialImages > 3):
		return badRequest("integer_out_of_range", prefix+"partial_images", "Invalid '"+prefix+"partial_images': expected a value from 0 to 3.")
	case o.Background == "transparent" && format == "jpeg":
		return badRequest("invalid_value", prefix+"background", "Transparent background is not supported for JPEG output format.")
	case (o.FrameCount != nil || o.FrameDuration != nil) && format != "gif":
		return badRequest("invalid_value", prefix+"frame_count", "Frames are only supported for GIF output format.")
	}
	_, _, err := o.dimensions(prefix)
	return err
}

// dimensions reads size; "auto" is 1024x1024.
func (o *imageOptions) dimensions(prefix string) (w, h int, bad *apiError) {
	if o.Size == "" || o.Size == "auto" {
		return 1024, 1024, nil
	}
	usual := []string{"1024x1024", "1536x1024", "1024x1536", "auto"}
	ws, hs, _ := strings.Cut(o.Size, "x")
	w, errW := strconv.Atoi(ws)
	h, errH := strconv.Atoi(hs)
	if slices.Contains(usual, o.Size) {
		return w, h, nil
	}
	if !strings.HasPrefix(o.Model, "gpt-image-2") || errW != nil || errH != nil {
		return 0, 0, oneOf(prefix+"size", o.Size, usual...)
	}
	why := ""
	switch {
	case w < 16 || h < 16 || w%16 != 0 || h%16 != 0:
		why = "width and height must be multiples of 16"
	case w > 3*h || h > 3*w:
		why = "the aspect ratio must be between 1:3 and 3:1"
	case max(w, h) > 3840 || min(w, h) > 2160:
		why = "the largest size is 3840x2160"
	}
	if why != "" {
		return 0, 0, badRequest("invalid_value", prefix+"size", fmt.Sprintf("Invalid size '%s': %s.", o.Size, why))
	}
	return w, h, nil
}

// picture decides everything that was left open. The options have been checked.
func (o *imageOptions) picture(prompt string, seed uint64) picture {
	w, h, _ := o.dimensions("")
	p := picture{prompt: prompt, seed: seed, width: w, height: h, format: orDefault(o.OutputFormat, "png"), quality: o.Quality, transparent: o.Background == "transparent", compression: 100}
	if p.quality == "" || p.quality == "auto" {
		p.quality = "medium"
	}
	if o.OutputCompression != nil {
		p.compression = *o.OutputCompression
	}
	return p
}

// tokens is what a picture costs, as OpenAI's price list has it for three sizes
// and as the area has it for others.
func (p picture) tokens() int {
	perMegapixel := map[string]int{"low": 260, "medium": 1007, "high": 3967, "xhigh": 6000, "max": 8000}[p.quality]
	return max(1, perMegapixel*p.width*p.height/(1024*1024))
}

// imageUsage is the usage of a request. Events leave out output_tokens_details.
func imageUsage(prompt string, inputImages, output int) []field {
	text := len(prompt)/4 + 1
	return []field{
		{"input_tokens", text + inputImages}, {"input_tokens_details", []field{{"image_tokens", inputImages}, {"text_tokens", text}}},
		{"output_tokens", output}, {"output_tokens_details", []field{{"image_tokens", output}, {"text_tokens", 0}}},
		{"total_tokens", text + inputImages + output},
	}
}
