package tex_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/internal/slack/render/tex"
)

func TestText(t *testing.T) {
	tests := []struct{ src, want string }{
		{`E = mc^2`, "E = mc²"},
		{`x_1^2 + x_2^2`, "x₁² + x₂²"},
		{`x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}`, "x = (−b ± √(b² − 4ac))/2a"},
		{`\frac{1}{2}x`, "½x"},
		{`\frac12`, "½"},
		{`\frac{a}{b}c`, "(a/b)c"},
		{`\frac{a+b}{c}`, "(a+b)/c"},
		{`\frac{dy}{dx}`, "dy/dx"},
		{`\frac{\partial f}{\partial x}`, "(∂ f)/(∂ x)"},
		{`\sqrt{2}`, "√2"},
		{`\sqrt{x+1}`, "√(x+1)"},
		{`\sqrt[3]{x}`, "∛x"},
		{`\sqrt[n]{x}`, "ⁿ√x"},
		{`\sum_{i=1}^{n} i^2 = \frac{n(n+1)(2n+1)}{6}`, "∑ᵢ₌₁ⁿ i² = (n(n+1)(2n+1))/6"},
		{`\int_0^1 x\,dx`, "∫₀¹ x dx"},
		{`\int_0^\infty e^{-x^2}dx`, "∫₀^∞ e^(−x²)dx"},
		{`\lim_{x \to 0} \frac{\sin x}{x} = 1`, "lim (x→0) (sin x)/x = 1"},
		{`e^{i\pi} + 1 = 0`, "e^(iπ) + 1 = 0"},
		{`a \leq b`, "a ≤ b"},
		{`a\leq b`, "a ≤ b"},
		{`\alpha\beta + \Gamma`, "αβ + Γ"},
		{`x \in \mathbb{R}^n`, "x ∈ ℝⁿ"},
		{`90^\circ`, "90°"},
		{`f'(x)`, "f′(x)"},
		{`\left(\frac{a}{b}\right)^2`, "(a/b)²"},
		{`\{1, 2\}`, "{1, 2}"},
		{`P(A \mid B)`, "P(A ∣ B)"},
		{`\text{if } x > 0`, "if x > 0"},
		{`\log_2 n`, "log₂ n"},
		{`O(n \log n)`, "O(n log n)"},
		{`\sin^2\theta + \cos^2\theta = 1`, "sin² θ + cos² θ = 1"},
		{`v_{max}`, "vₘₐₓ"},
		{`v_{\text{init}}`, "vᵢₙᵢₜ"},
		{`a_{i,j}`, "aᵢ,ⱼ"},
		{`F_{drag}`, "F_drag"},
		{`A^T`, "Aᵀ"},
		{`A^{-1}`, "A⁻¹"},
		{`\hat{x}`, "x̂"},
		{`\vec{v}`, "v⃗"},
		{`\binom{n}{k}`, "(n choose k)"},
		{`a \equiv b \pmod{n}`, "a ≡ b (mod n)"},
		{`\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, "(1 2; 3 4)"},
		{`f(x) = \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}`, "f(x) = {1, x > 0; 0, otherwise}"},
		{`\ce{2H2 + O2 -> 2H2O}`, "2H₂ + O₂ → 2H₂O"},
		{`\ce{SO4^2-}`, "SO₄²⁻"},
		{`50\%`, "50%"},
		{`\unknown{x}`, "unknown x"},
		{`\mathcal{L}`, "ℒ"},
		{`\not= 0`, "≠ 0"},
		{`A \Rightarrow B`, "A ⇒ B"},
		{`|x|`, "|x|"},
		{`\operatorname{softmax}(z)_i`, "softmax(z)ᵢ"},
		{`\arg\max_x f(x)`, "arg maxₓ f(x)"},
		{`\nabla \cdot \vec{E} = \frac{\rho}{\varepsilon_0}`, "∇ · E⃗ = ρ/ε₀"},
		{`}`, ""}, {`{`, ""}, {`\`, ""}, {`^`, ""}, {`\frac`, "/"}, {`x^{`, "x"}, {`\begin{`, ""},
	}
	for _, tt := range tests {
		if got := tex.Text(tt.src); got != tt.want {
			t.Errorf("%-40s %q, want %q", tt.src, got, tt.want)
		}
	}
}

func TestDisplay(t *testing.T) {
	tests := []struct{ src, want string }{
		{`x^2`, "x²"},
		{`A = \begin{bmatrix} 1 & 20 \\ 300 & 4 \end{bmatrix} x`, "" +
			"A = ⎡  1   20 ⎤ x\n" +
			"    ⎣ 300  4  ⎦"},
		{`\begin{aligned} a &= b + c \\ &= d \end{aligned}`, "" +
			"a = b + c\n" +
			"  = d"},
		{`|x| = \begin{cases} x & x \ge 0 \\ -x & x < 0 \end{cases}`, "" +
			"|x| = ⎧ x   x ≥ 0\n" +
			"      ⎩ −x  x < 0"},
		{`\begin{pmatrix} 1 \\ 2 \\ 3 \end{pmatrix}`, "⎛ 1 ⎞\n⎜ 2 ⎟\n⎝ 3 ⎠"},
		{`a = b \\ c = d`, "a = b\nc = d"},
	}
	for _, tt := range tests {
		if got := strings.Join(tex.Display(tt.src), "\n"); got != tt.want {
			t.Errorf("%s\n%s\nwant\n%s", tt.src, got, tt.want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{`\frac{a}{b}`, `x_{1}^{2}`, `\begin{matrix}a&b\\c\end{matrix}`, `\sqrt[3]{x}`, `\left( \right.`, `\ce{H2O}`, "{{{{", `\text{$x$}`, `\not`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if !utf8.ValidString(src) {
			return
		}
		for _, got := range append(tex.Display(src), tex.Text(src)) {
			if !utf8.ValidString(got) || strings.ContainsAny(got, "\n") {
				t.Fatalf("%q from %q", got, src)
			}
		}
		if strings.ContainsRune(src, '\\') {
			return
		}
		// Without commands nothing goes.
		count := func(s string) (n int) {
			for _, r := range s {
				if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.No, r) {
					n++
				}
			}
			return n
		}
		if got := tex.Text(src); count(got) < count(src) {
			t.Fatalf("%q lost letters: %q", src, got)
		}
	})
}

// TestDeep wants what is nested without end to be read in a moment.
func TestDeep(t *testing.T) {
	for _, s := range []string{"^", "_", `\frac`, `\not`, "{", `\sqrt{`, `\begin{matrix}`, `\hat`, `\text{$`, "x^{", `\left`, `\\`, "&", `\ce{`, "-", `\sum_`} {
		src := strings.Repeat(s, 20_000/len(s))
		start := time.Now()
		tex.Text(src)
		tex.Display(src)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q takes %v", s, took)
		}
	}
}
