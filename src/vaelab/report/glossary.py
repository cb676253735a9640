"""What numbers, figures and settings are called, and what they mean, in a line each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A number that is measured.

    Attributes:
        label: the head of its column.
        meaning: in one line.
    """

    label: str
    meaning: str


# By group, in the order of the page; names are those of evaluation.json.
MEASURES: dict[str, dict[str, Term]] = {
    "Likelihood": {
        "reconstruction": Term(
            "Reconstruction", "Minus log p(x|z) at one draw from each image's posterior."
        ),
        "kl": Term("KL", "How far posteriors lie from the prior: what a code tells of its image."),
        "negative_elbo": Term(
            "Total", "Reconstruction + KL: the negative ELBO, with β = 1 for every run."
        ),
        "negative_log_likelihood": Term(
            "NLL bound", "Minus log p(x) by the importance-weighted bound, tighter than the total."
        ),
        "exemplar_negative_log_likelihood": Term(
            "NLL, exemplar protocol", "The same at k = 5,000 on test images binarized once."
        ),
        "bits_per_dim": Term("Bits per dimension", "The bound per pixel, for 8-bit grey values."),
        "reconstruction_many_draws": Term(
            "Reconstruction, k draws", "The reconstruction as a mean over k draws."
        ),
        "kl_many_draws": Term("KL, k draws", "The KL as a mean over the same draws."),
        "negative_elbo_many_draws": Term("Total, k draws", "Their sum."),
        "effective_sample_size": Term(
            "Effective draws", "How many of the k draws the bound really rests on."
        ),
    },
    "Latent space": {
        "active_units": Term(
            "Active units", "Dimensions whose posterior mean varies from image to image."
        ),
        "mutual_information": Term(
            "Mutual information", "Between image and code; at most log N of N images."
        ),
        "aggregate_posterior_kl": Term(
            "Marginal gap", "KL between all codes process_group and the prior: what samples miss."
        ),
        "total_correlation": Term(
            "Total correlation", "Of a Gaussian with the codes' covariance; 0 if uncorrelated."
        ),
        "label_probe_linear": Term(
            "Linear probe of the class", "Test accuracy of a logistic regression on the codes."
        ),
        "label_probe_neighbours": Term(
            "Neighbour vote on the class", "Test accuracy of a vote of the 10 nearest codes."
        ),
        "cluster_adjusted_rand_index": Term(
            "Rand index", "Agreement of k-means clusters with the classes, chance moved to 0."
        ),
        "cluster_mutual_information": Term(
            "Cluster information", "Normalized mutual information of clusters and classes."
        ),
        "cluster_accuracy": Term("Cluster accuracy", "Share of images in their class's cluster."),
        "interpolation_detour": Term(
            "Detour", "Length of the way between two images in features, over the straight one."
        ),
        "interpolation_largest_step": Term(
            "Largest step", "Of such a way, over an even one; 1 is even."
        ),
    },
    "Reconstructions": {
        "mse": Term("MSE", "Mean squared error of pixels in [0, 1]."),
        "psnr": Term("PSNR", "Peak signal to noise."),
        "ssim": Term("SSIM", "Structural similarity in windows of 11 × 11 pixels."),  # noqa: RUF001
        "reconstruction_fid_proxy": Term(
            "Reconstruction FID proxy", "Fréchet distance of reconstructions to their images."
        ),
    },
    "Samples": {
        "fid_proxy": Term(
            "FID proxy",
            "Fréchet distance of samples to real test images, in the reference classifier's space.",
        ),
        "kernel_distance": Term(
            "Kernel distance", "Squared MMD in the same features, unbiased at any number of images."
        ),
        "precision": Term("Precision", "Share of samples that lie among real images."),
        "recall": Term("Recall", "Share of real images that lie among the samples."),
        "density": Term("Density", "How densely real images lie around the samples."),
        "coverage": Term("Coverage", "Share of real images with a sample in their neighbourhood."),
        "memorization_rate": Term(
            "Near copies", "Share of samples that nearly copy a training image."
        ),
    },
    "Classes": {
        "conditional_accuracy": Term(
            "Class as asked", "Share of samples in which the classifier sees the class asked for."
        ),
        "conditional_accuracy_second_classifier": Term(
            "Class as asked, second classifier",
            "The same by a classifier of another architecture and seed.",
        ),
        "class_diversity": Term(
            "Diversity in a class", "Feature variance inside a class, over that of real images."
        ),
        "classification_accuracy_score": Term(
            "Accuracy score", "Accuracy on real images of a classifier trained on samples alone."
        ),
        "label_leakage_linear": Term(
            "Class left in z, linear", "How well the class can be read from z; chance is best."
        ),
        "label_leakage_neighbours": Term(
            "Class left in z, neighbours", "The same by a vote of the 10 nearest codes."
        ),
    },
    "Known factors": {
        "mig": Term("MIG", "Mutual information gap (Chen et al. 2018)."),
        "sap": Term("SAP", "Separated predictability (Kumar et al. 2018)."),
        "dci_disentanglement": Term(
            "DCI disentanglement", "Does a dimension say one factor? (Eastwood & Williams 2018)"
        ),
        "dci_completeness": Term("DCI completeness", "Is a factor said by one dimension?"),
        "dci_informativeness": Term("DCI informativeness", "Can factors be read from the codes?"),
        "factor_vae_score": Term("FactorVAE score", "By majority vote (Kim & Mnih 2018)."),
    },
}

TERMS = {name: term for group in MEASURES.values() for name, term in group.items()}


def term(metric: str) -> Term:
    """What a number is called; by its own name where it is not known here."""
    return TERMS.get(metric, Term(metric.replace("_", " "), ""))


def group_of(metric: str) -> str:
    """The group that a number is shown in."""
    return next((group for group, terms in MEASURES.items() if metric in terms), "Others")


@dataclass(frozen=True, slots=True)
class Shows:
    """A figure of a run.

    Attributes:
        alt: what is seen; `{run}`, `{preset}`, `{data}` are filled in.
        note: below it, how to read it.
    """

    alt: str
    note: str


# By name of the figure, in the order of the page; `curves` is drawn by the page itself.
RUN_FIGURES: dict[str, Shows] = {
    "reconstructions": Shows(
        "Rows in pairs: test images of {data} above what {run} reconstructs of them.",
        "Each original above its reconstruction; what is lost did not fit into the code.",
    ),
    "samples": Shows(
        "A grid of 50 images that {run} decoded from draws of its prior, none picked.",
        "Nothing is picked: the first 50 draws.",
    ),
    "class-samples": Shows(
        "A grid with one row for each class of {data}: images that {run} made when asked for "
        "that class; every column keeps one draw of z.",
        "Down a column the style z stays and the class changes.",
    ),
    "traversals": Shows(
        "One row for each latent dimension of {run}, at most 16, in falling order of KL: what it "
        "decodes as that dimension alone moves from 3 standard deviations below the prior's mean "
        "to 3 above.",
        "One dimension moves, the others stay. Rows with hardly any KL hardly change.",
    ),
    "interpolations": Shows(
        "Rows that lead from one test image of {data} to another: between them, what {run} "
        "decodes on the straight line between their codes.",
        "A straight line in the latent space, decoded at even steps.",
    ),
    "class-interpolations": Shows(
        "Rows of images by {run}: the code of one test image is kept while the class it is "
        "decoded as moves from one to the next.",
        "The style is kept, the class moves.",
    ),
    "latent": Shows(
        "A scatter plot of the two-dimensional codes that {run} gives to training images of "
        "{data}, coloured by class.",
        "Posterior means of training images, coloured by class.",
    ),
    "pca": Shows(
        "A scatter plot of the codes that {run} gives to test images of {data} on their two "
        "principal axes, coloured by class.",
        "The two directions in which codes vary most.",
    ),
    "tsne": Shows(
        "A scatter plot by t-SNE of the codes that {run} gives to test images of {data}, "
        "coloured by class.",
        "Neighbours stay neighbours; distances between groups mean nothing.",
    ),
    "umap": Shows(
        "A scatter plot by UMAP of the codes that {run} gives to test images of {data}, "
        "coloured by class.",
        "Neighbours stay neighbours; distances between groups mean little.",
    ),
    "manifold": Shows(
        "A grid of images that {run} decodes from evenly spread quantiles of the prior over its "
        "two-dimensional latent space.",
        "Even steps in the prior's quantiles: each image stands for as many draws.",
    ),
    "class-manifolds": Shows(
        "For each class of {data} a grid of images that {run} decodes over its two-dimensional "
        "latent space.",
        "The same plane of styles in every class.",
    ),
    "memorization": Shows(
        "Samples of {run}, each above the training image of {data} that is nearest in pixels.",
        "Each sample above the training image nearest to it: a model that memorized would copy.",
    ),
}

# Which of a run's figures are shown process_group.
FIGURE_GROUPS: dict[str, tuple[str, ...]] = {
    "Reconstructions": ("reconstructions",),
    "Generation": ("samples", "class-samples", "memorization"),
    "Walks through the latent space": ("traversals", "interpolations", "class-interpolations"),
    "Latent space": ("latent", "pca", "tsne", "umap", "manifold", "class-manifolds"),
}

COMPARISON_FIGURES: dict[str, Shows] = {
    "autoencoder-beside-vae": Shows(
        "Above: test images of {data} and their reconstructions by {run}. Below: what each "
        "decodes from codes drawn at random from a standard normal distribution.",
        "Above, reconstructions of the same images; below, codes drawn at random from N(0, I).",
    ),
    "rate-distortion": Shows(
        "KL against reconstruction of {run}, joined in the order of beta.",
        "",
    ),
    "beta-images": Shows(
        "For each of {run}: reconstructions of the same test images of {data}, and a walk along "
        "the dimension with most KL.",
        "Left, reconstructions; right, a walk along the dimension with most KL.",
    ),
    "beta-kl": Shows(
        "The KL of every latent dimension in falling order, a line for each of {run}.",
        "",
    ),
}

# What `distributions` shows, the page draws itself.
DATA_FIGURES: dict[str, Shows] = {
    "images": Shows(
        "A grid of training images of {data}; a row for each class, where there are classes.",
        "The first training images, by class where there are classes.",
    ),
}


# What a varied setting is called: label in a table, heading of its page, file, name in menus.
@dataclass(frozen=True, slots=True)
class SweptSetting:
    """A setting that runs of a sweep differ in.

    Attributes:
        symbol: in tables and sentences.
        heading: of its page.
        file: of its page, without the ending.
        menu: in the navigation.
        meaning: what turning it does, in a sentence that holds for any result.
    """

    symbol: str
    heading: str
    file: str
    menu: str
    meaning: str


SWEPT_SETTINGS: dict[str, SweptSetting] = {
    "objective.beta": SweptSetting(
        "β",
        "Balance of reconstruction and KL",
        "beta",
        "β",
        "β weighs the KL against the reconstruction while training. A higher β asks for codes "
        "that tell less of their image, in exchange for a latent space nearer to the prior "
        "(β-VAE, Higgins et al. 2017). The total below counts both terms alike, at β = 1.",
    ),
    "model.latent_size": SweptSetting(
        "latent size",
        "Choice of the latent dimension",
        "latent-size",
        "Latent size",
        "The number of latent dimensions limits what a code can hold. Dimensions that do not pay "
        "for their KL are left at the prior: they collapse, and are not active.",
    ),
    "training.learning_rate": SweptSetting(
        "learning rate",
        "Learning rate",
        "learning-rate",
        "Learning rate",
        "Too small a step does not come to its end in the epochs it is given; too large a one "
        "does not settle, or diverges.",
    ),
    "training.epochs": SweptSetting(
        "number of epochs",
        "Length of training",
        "epochs",
        "Epochs",
        "One epoch shows each training image once. Of all epochs the one that is best by the "
        "validation images is kept.",
    ),
}

LICENCES = {
    "fashion-mnist": "MIT licence, © 2017 Zalando SE",
    "wardrobe": "drawn by vaelab's own code",
}


def licence(data_name: str) -> str:
    """Under which terms a data set may be used."""
    return LICENCES.get(data_name, "unknown: your own data")


def data_title(data_name: str) -> str:
    """A data set's name as people write it."""
    return "Fashion-MNIST" if data_name == "fashion-mnist" else data_name
