"""Graphs that are legal and seldom seen: what inputs and outputs may be left out, and control flow. In ONNX's text
form; a graph's values are random but for those that are given beside it. Dimensions n and m are 4 and 3."""

# By opset: name -> graph, or (graph, values).
OPTIONAL = {
    7: {
        "clip_bounds": "(float[2,3] x) => (float[2,3] y) { y = Clip<min=-0.5,max=0.5>(x) }",
        "dropout_mask": "(float[4,5] x) => (float[4,5] y) { y, unused = Dropout<ratio=0.3>(x) }",
        "pad_attributes": "(float[2,3] x) => (float[4,5] y) { y = Pad<pads=[1,1,1,1], value=3.0>(x) }",
        "slice_attributes": "(float[4,5] x) => (float[2,4] y) { y = Slice<starts=[1,-4],ends=[3,1000],axes=[0,1]>(x) }",
        "slice_no_axes": "(float[4,5] x) => (float[2,5] y) { y = Slice<starts=[1],ends=[3]>(x) }",
        "softmax_rows": "(float[n,3,m] x) => (float[n,3,m] y) { y = Softmax(x) }",
        "softmax_all": "(float[2,3,4] x) => (float[2,3,4] y) { y = Softmax<axis=0>(x) }",
        "hardmax_rows": "(float[2,3,4] x) => (float[2,3,4] y) { y = Hardmax<axis=1>(x) }",
        "topk_attribute": "(float[4,5] x) => (float[4,2] v, int64[4,2] y) { v, y = TopK<k=2>(x) }",
        "unsqueeze_attribute": "(float[3] x) => (float[1,3,1] y) { y = Unsqueeze<axes=[0,2]>(x) }",
        "upsample_attribute":
            "(float[1,2,3,3] x) => (float[1,2,6,6] y) { y = Upsample<scales=[1.0,1.0,2.0,2.0]>(x) }",
        "normalization_spatial": """(float[2,3,4,4] x, float[3] s, float[3] b, float[3] m) => (float[2,3,4,4] y) {
            v = Mul(m, m) y = BatchNormalization<spatial=1>(x, s, b, m, v) }""",
        "normalization_elements": """(float[2,3,4] x, float[3,4] s, float[3,4] b, float[3,4] m) => (float[2,3,4] y) {
            v = Mul(m, m) y = BatchNormalization<spatial=0>(x, s, b, m, v) }""",
    },
    9: {
        "upsample_of_run": ("""(float[1,2,4,6] x, float[4] s) => (float[a,b,c,d] y) { y = Upsample(x, s) }""",
            {"s": [1, 1, 1.5, 3]}),
    },
    10: {
        "resize_of_run": ("""(float[1,2,4,6] x, float[4] s) => (float[a,b,c,d] y) {
            y = Resize<mode="nearest">(x, s) }""", {"s": [1, 1, 1.5, 0.4]}),
        "resize_linear_of_run": ("""(float[1,2,4,6] x, float[4] s) => (float[a,b,c,d] y) {
            y = Resize<mode="linear">(x, s) }""", {"s": [1, 1, 0.5, 1.75]}),
        # As exporters write it: the scales are quotients of sizes, whose multiples are whole.
        "resize_of_sizes": """(float[1,2,9,7] x, float[1,1,m,n] z) => (float[a,b,c,d] y)
            <float[2] one = {1, 1}, int64[1] two = {2}, int64[1] four = {4}> {
            p = Shape(x) q = Slice(p, two, four) r = Cast<to=1>(q) k = Shape(z) l = Slice(k, two, four)
            m = Cast<to=1>(l) e = Div(m, r) s = Concat<axis=0>(one, e) y = Resize<mode="nearest">(x, s) }""",
        # Fewer samples are the next ones, more the ones before.
        "resize_nearest": """(float[1,2,4,4] x) => (float[1,2,6,3] y) <float[4] s = {1, 1, 1.5, 0.75}> {
            y = Resize<mode="nearest">(x, s) }""",
        "resize_linear": """(float[1,2,4,4] x) => (float[1,2,6,3] y) <float[4] s = {1, 1, 1.5, 0.75}> {
            y = Resize<mode="linear">(x, s) }""",
    },
    11: {
        "resize_empty_scales": """(float[1,3,8,8] x) => (float[1,3,5,7] y)
            <float[0] r = {}, float[0] e = {}, int64[4] s = {1,3,5,7}> { y = Resize<mode="linear">(x, r, e, s) }""",
        "softmax_rows": "(float[2,3,4] x) => (float[2,3,4] y) { y = LogSoftmax<axis=-2>(x) }",
        "split_attribute": "(float[6,2] x) => (float[2,2] y, float[4,2] z) { y, z = Split<split=[2,4]>(x) }",
        "squeeze_attribute": "(float[1,3,1] x) => (float[1,3] y) { y = Squeeze<axes=[-1]>(x) }",
    },
    21: {
        "clip_nothing": "(float[2,3] x) => (float[2,3] y) { y = Clip(x) }",
        "clip_low": "(float[2,3] x, float a) => (float[2,3] y) { y = Clip(x, a) }",
        "clip_high": "(float[2,3] x, float a) => (float[2,3] y) { y = Clip(x, , a) }",
        "conv_no_bias": "(float[1,3,8,8] x, float[4,3,3,3] w) => (float[1,4,6,6] y) { y = Conv(x, w, ) }",
        "resize_scales": "(float[1,3,8,8] x) => (float[1,3,16,16] y) <float[4] s = {1,1,2,2}> { y = Resize(x, , s) }",
        "resize_axes": """(float[1,3,8,8] x) => (float[1,3,5,7] y) <int64[2] s = {5,7}> {
            y = Resize<mode="cubic", axes=[2,3]>(x, , , s) }""",
        "resize_sizes_of_run": ("""(float[1,3,8,8] x, int64[4] s) => (float[1,3,a,b] y) {
            y = Resize<mode="linear">(x, , , s) }""", {"s": [1, 3, 5, 9]}),
        "resize_third": """(float[1,1,9,12] x) => (float[1,1,3,4] y) <float[4] s = {1,1,0.33333334,0.33333334}> {
            y = Resize<coordinate_transformation_mode="asymmetric", nearest_mode="floor">(x, , s) }""",
        "resize_scales_of_run": ("""(float[1,2,4,6] x, float[2] s) => (float[1,2,c,d] y) {
            y = Resize<axes=[-2,3], nearest_mode="round_prefer_ceil">(x, , s) }""", {"s": [1.5, 0.5]}),
        "resize_corners_of_run": ("""(float[1,2,4,6] x, float[4] s) => (float[a,b,c,d] y) {
            y = Resize<mode="linear", coordinate_transformation_mode="align_corners">(x, , s) }""",
            {"s": [1, 1, 2, 0.5]}),
        "resize_cubic_of_run": ("""(float[1,2,4,6] x, float[4] s) => (float[a,b,c,d] y) {
            y = Resize<mode="cubic", coordinate_transformation_mode="asymmetric">(x, , s) }""", {"s": [1, 1, 2, 1.5]}),
        "slice_no_axes": """(float[4,5] x) => (float[a,b] y) <int64[2] s = {-1,0}, int64[2] e = {-100,100},
            int64[2] st = {-1,2}> { y = Slice(x, s, e, , st) }""",
        "slice_largest": """(float[4,m] x) => (float[a,b] y) <int64[1] s = {9223372036854775807},
            int64[1] e = {-9223372036854775808}, int64[1] a = {-1}, int64[1] t = {-1}> { y = Slice(x, s, e, a, t) }""",
        "dropout_mask": "(float[4,5] x) => (float[4,5] y, bool[4,5] m) { y, m = Dropout(x) }",
        "layer_norm_statistics": """(float[n,4,5] x, float[5] s) => (float[n,4,5] y, float[n,4,1] i) {
            y, , i = LayerNormalization(x, s) }""",
        "lstm_cell": """(float[5,2,3] x, float[1,16,3] w, float[1,16,4] r) => (float[1,2,4] c) {
            , , c = LSTM<hidden_size=4>(x, w, r) }""",
        "lstm_peephole": """(float[5,2,3] x, float[1,16,3] w, float[1,16,4] r, float[1,12] p) => (float[5,1,2,4] y) {
            y = LSTM<hidden_size=4>(x, w, r, , , , , p) }""",
        "gru_lengths": ("""(float[5,2,3] x, int32[2] l, float[2,12,3] w, float[2,12,4] r) => (float[2,2,4] h) {
            , h = GRU<hidden_size=4, direction="bidirectional">(x, w, r, , l) }""", {"l": [3, 5]}),
        "pad_axes": """(float[2,3] x) => (float[2,5] y) <int64[2] p = {1,1}, int64[1] a = {-1}> {
            y = Pad(x, p, , a) }""",
        "reduce_no_axes": "(float[2,3] x) => (float[1,1] y) { y = ReduceSum(x) }",
        "reduce_nothing": """(float[2,3] x) => (float[2,3] y) <int64[0] a = {}> {
            y = ReduceMean<noop_with_empty_axes=1>(x, a) }""",
        "gemm_two": "(float[2,3] x, float[3,4] w) => (float[2,4] y) { y = Gemm(x, w) }",
        "split_uneven": """(float[7,2] x) => (float[3,2] y, float[3,2] z, float[1,2] w) {
            y, z, w = Split<num_outputs=3>(x) }""",
        "quantize_no_zero": "(float[2,3] x) => (uint8[2,3] y) <float s = {0.1}> { y = QuantizeLinear(x, s) }",
        "product_one_zero": ("""(uint8[2,3] x, int8[3,4] w, int8 z) => (int32[2,4] y) {
            y = MatMulInteger(x, w, , z) }""",
            {"x": [[1, 2, 3], [4, 5, 6]], "w": [[1, -1, 2, -2]] * 3, "z": 3}),
        "trilu": ("(float[4,4] x, int64 k) => (float[4,4] y) { y = Trilu(x, k) }", {"k": -1}),
        "shape_from_end": "(float[4,m,5] x) => (int64[2] k) { k = Shape<start=-2,end=100>(x) }",
    },
    23: {
        "attention_scores": """(float[1,2,4,8] q, float[1,2,6,8] k, float[1,2,6,8] v) =>
            (float[1,2,4,8] y, float[1,2,4,6] s) { y, , , s = Attention(q, k, v) }""",
        "rms_norm": "(float[2,4,5] x, float[5] s) => (float[2,4,5] y) { y = RMSNormalization(x, s) }",
    },
}

_IF = """y = If(c) <then_branch = t () => (float[?,3] r) {{ {0} }}, else_branch = e () => (float[?,3] r) {{ {1} }}>"""
_LOOP = """<body = b (int64 i, bool go, float[?,3] v) => (bool again, float[?,3] w{0}) {{
    again = Identity(go) {1} }}>"""


def _if(inputs, then, other):
    return f"({inputs}, bool c) => (float[?,3] y) {{ {_IF.format(then, other)} }}", {"c": False}


def _loop(body, count, stacked=""):
    outputs = "y, all" if stacked else "y"
    results = "float[?,3] y" + (", float[?,?,3] all" if stacked else "")
    return (f"(float[2,3] x, int64 k) => ({results}) {{ {outputs} = Loop(k, , x) "
            f"{_LOOP.format(stacked and ', float[?,3] s', body)} }}"), {"k": count}


CONTROL = {
    "if_outer": _if("float[2,3] x", "r = Add(x, x)", "a = Mul(x, x) r = Sub(a, x)"),
    "if_sizes": _if("float[n,3] x", "r = Neg(x)", "r = Concat<axis=0>(x, x)"),
    "if_products": _if("float[n,8] x, float[8,3] w", "r = Neg(w)", "r = MatMul(x, w)"),
    "if_nested": _if("float[2,3] x, bool d", "r = Neg(x)", """k = Exp(x) r = If(d) <then_branch = t2 () =>
        (float[2,3] q) { q = Add(k, x) }, else_branch = e2 () => (float[2,3] q) { q = Mul(k, x) }>"""),
    "if_constants": ("""(bool c) => (float[2] y) { y = If(c) <then_branch = t () => (float[2] r) {
        r = Constant<value_floats=[1.0,2.0]>() }, else_branch = e () => (float[2] r) {
        r = Constant<value_floats=[3.0,4.0]>() }> }""", {"c": False}),
    "loop_outer": _loop("f = Cast<to=1>(i) s = Add(v, f) w = Add(s, x)", 3),
    "loop_never": _loop("w = Add(v, x)", 0),
    "loop_below_0": _loop("w = Add(v, x)", -3),
    "loop_grows": _loop("w = Concat<axis=0>(v, x)", 3),
    "loop_grows_never": _loop("w = Concat<axis=0>(v, x)", 0),
    "loop_stacks": _loop("w = Add(v, x) s = Neg(w)", 3, stacked=True),
    "loop_branches": _loop("""two = Constant<value_int=2>() r = Mod(i, two) o = Cast<to=9>(r)
        w = If(o) <then_branch = t () => (float[?,3] p) { p = Concat<axis=0>(v, x) },
        else_branch = e () => (float[?,3] p) { p = Neg(v) }>""", 4),
    "loop_nested": _loop("""w = Loop(i, , v) <body = b2 (int64 j, bool go2, float[?,3] p) =>
        (bool again2, float[?,3] q) { again2 = Identity(go2) f = Cast<to=1>(j) g = Mul(x, f) q = Add(p, g) }>""", 4),
    "loop_until": """(float[2,3] x) => (float[2,3] y) <bool c = {1}, float one = {1}> {
        most = Constant<value_float=100.0>() a = Abs(x) z = Add(a, one) y = Loop(, c, z) <body = b (int64 i, bool go,
        float[2,3] v) => (bool again, float[2,3] w) { w = Add(v, v)
        m = ReduceMax<keepdims=0>(w) again = Less(m, most) }> }""",
    "loop_by_row": """(float[n,3] x) => (float[n,3] y) <bool c = {1}> { size = Shape<end=1>(x) k = Squeeze(size)
        y = Loop(k, c) <body = b (int64 i, bool go) => (bool again, float[3] s) { again = Identity(go)
        r = Gather(x, i) s = Softmax(r) }> }""",
    "scan_outer": """(float[n,3] x, float[3] z, float[3] k) => (float[3] y, float[n,3] s) { e = Exp(k)
        y, s = Scan(z, x) <num_scan_inputs = 1, body = b (float[3] a, float[3] v) => (float[3] a2, float[3] o) {
        t = Mul(v, e) a2 = Add(a, t) o = Sub(a2, k) }> }""",
    "scan_nested": """(float[n,m] x, float z) => (float y, float[n,m] s) { y, s = Scan(z, x) <num_scan_inputs = 1,
        body = b (float a, float[m] v) => (float a2, float[m] o) { a2, o = Scan(a, v) <num_scan_inputs = 1,
        body = c (float p, float q) => (float p2, float r) { p2 = Add(p, q) r = Identity(p2) }> }> }""",
    "scan_backwards": """(float[2,n] x, float[n,5] u, float[2] z) => (float[2] y, float[2,n] s, float[n,5] p) {
        y, s, p = Scan(z, x, u) <num_scan_inputs = 2, scan_input_axes=[1,0], scan_input_directions=[1,0],
        scan_output_axes=[-1,0], scan_output_directions=[0,1], body = b (float[2] a, float[2] v, float[5] f) =>
        (float[2] a2, float[2] o, float[5] q) { a2 = Add(a, v) o = Identity(a2) q = Neg(f) }> }""",
}
