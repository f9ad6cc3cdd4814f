"""What would replace ATen operators that have no layer."""

_BY_HINT = {
    "ReLU, Tanh, Sigmoid or another function of one number would": (
        "exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh floor "
        "ceil round trunc frac sign sgn remainder fmod floor_divide nan_to_num hardshrink softshrink"
    ),
    "the scores before it would": "argmax argmin topk sort argsort kthvalue median one_hot",
    "a condition that does not depend on the input would": (
        "gt ge lt le eq ne isnan isinf logical_not logical_and logical_or any all nonzero cond while_loop"
    ),
    "LayerNorm would": "rms_norm _fused_rms_norm var std var_mean std_mean linalg_vector_norm norm",
    "no random numbers, such as of a dropout that is always on, would": (
        "native_dropout bernoulli rand_like randn_like randint_like multinomial normal normal_functional"
    ),
    "Linear of one-hot inputs would": "embedding embedding_bag",
    "products of two Linear would": "bilinear",
    "mode nearest would": "upsample_linear1d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa",
    "MaxPool2d would": "fractional_max_pool2d",
    "LogSoftmax would": "logsumexp",
    "cat, or an index of constant places, would": "scatter scatter_add index_add gather take diagonal",
    "Upsample and Conv2d would": "col2im",
    "Upsample would": "max_unpool2d max_unpool1d",
    "Linear of constant weights would": "cumsum _fft_r2c _fft_c2c _fft_c2r",
}
INSTEAD = {name: hint for hint, names in _BY_HINT.items() for name in names.split()}
"""The hint of an error by the name of an operator."""
