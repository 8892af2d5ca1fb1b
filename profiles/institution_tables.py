"""Words that decide how an affiliation is read: places, campuses, short names. Tables only, folded."""

from __future__ import annotations

from typing import Final

NOTHING: Final = frozenset(
    {
        "independent researcher",
        "independent",
        "independent scholar",
        "none",
        "n a",
        "na",
        "unaffiliated",
        "anonymous",
        "no affiliation",
        "unknown",
        "student member",
        "member",
        "fellow",
        "senior member",
        "equal contribution",
        "corresponding author",
        "ieee",
        "freelance",
        "freelancer",
        "self",
        "null",
        "other",
        "retired",
        "personal",
        "tbd",
        "author",
        "authors",
        "student",
        "phd student",
        "professor",
        "researcher",
        "independent research",
        "computer science",
        "electrical engineering",
        "mathematics",
        "statistics",
        "mechanical engineering",
    }
)
_PLACES_TEXT: Final = (
    "usa|us|u s a|u s|united states|united states of america|uk|u k|united kingdom|england|scotland|wales|"
    "germany|deutschland|france|italy|italia|"
    "spain|portugal|china|p r china|pr china|p r c|prc|peoples republic of china|people s republic of china|"
    "republic of china|hong kong|hong kong sar|hong kong china|"
    "macau|macao|taiwan|taiwan r o c|taiwan roc|japan|korea|south korea|republic of korea|korea south|"
    "singapore|india|israel|canada|australia|new zealand|brazil|brasil|"
    "mexico|argentina|chile|colombia|switzerland|austria|belgium|netherlands|the netherlands|holland|sweden|"
    "norway|denmark|finland|iceland|ireland|"
    "poland|czech republic|czechia|slovakia|slovenia|croatia|hungary|romania|bulgaria|greece|turkey|turkiye|"
    "russia|russian federation|ukraine|"
    "iran|iraq|saudi arabia|ksa|uae|u a e|united arab emirates|qatar|egypt|south africa|nigeria|kenya|"
    "pakistan|bangladesh|sri lanka|vietnam|viet nam|"
    "thailand|malaysia|indonesia|philippines|luxembourg|estonia|latvia|lithuania|serbia|cyprus|malta|morocco|"
    "tunisia|algeria|lebanon|jordan|oman|ecuador|"
    "university park|college station|peru|uruguay|london|paris|beijing|shanghai|shenzhen|hangzhou|tokyo|seoul|"
    "boston|new york|new york city|"
    "nyc|san francisco|mountain view|seattle|redmond|"
    "cambridge|zurich|berlin|munich|toronto|montreal|vancouver|sydney|melbourne|bangalore|bengaluru|tel aviv|"
    "haifa|"
    "california|massachusetts|texas|washington|pennsylvania|florida|illinois|ohio|michigan|virginia|georgia|"
    "maryland|colorado|arizona|indiana|"
    "new jersey|north carolina|ontario|quebec|british columbia|alberta|new south wales|nsw|victoria|"
    "queensland|guangdong|zhejiang|jiangsu|hubei|"
    "ca|ma|ny|pa|wa|tx|il|ga|nj|md|mi|va|nc|co|az|fl|oh|mn|wi|ct|dc|d c|washington d c|washington dc|bc|qc|on|"
    "al|ak|ar|de|ia|id|in|ks|ky|la|me|mo|ms|mt|nd|ne|nh|nm|nv|ok|or|ri|sc|sd|tn|ut|vt|wv|wy|act|ab|"
    "israel 32000|luxemburg|cn|jp|kr|de|fr|it|ch|sg|ac|lux"
)
PLACES: Final = frozenset(_PLACES_TEXT.split("|"))
_CAMPUSES_TEXT: Final = (
    "berkeley|los angeles|san diego|irvine|davis|santa barbara|santa cruz|riverside|merced|san francisco|"
    "ann arbor|dearborn|college park|baltimore county|"
    "amherst|lowell|urbana champaign|urbana|champaign|chicago|austin|dallas|arlington|san antonio|madison|"
    "milwaukee|chapel hill|charlotte|"
    "greensboro|twin cities|boulder|denver|colorado springs|lincoln|omaha|knoxville|bloomington|stony brook|"
    "buffalo|albany|binghamton|guangzhou"
)
CAMPUSES: Final = frozenset(_CAMPUSES_TEXT.split("|"))
_CAMPUS_SYSTEMS_TEXT: Final = (
    "university of california|university of michigan|university of maryland|university of massachusetts|"
    "university of illinois|university of texas|"
    "university of wisconsin|university of north carolina|university of minnesota|university of colorado|"
    "university of nebraska|university of tennessee|"
    "indiana university|state university of new york"
)
CAMPUS_SYSTEMS: Final = frozenset(_CAMPUS_SYSTEMS_TEXT.split("|"))
INCOMPLETE: Final = frozenset(
    {
        "university of technology",
        "technische universitat",
        "technical university",
        "kings college",
        "institute of technology",
        "indian institute of technology",
        "national institute of technology",
        "universitat",
        "university",
    }
)
# Keys of well-known short or second forms, and the name their bearers are filed under.
ALIASES: Final[dict[str, str]] = {
    "mit": "Massachusetts Institute of Technology",
    "mit csail": "Massachusetts Institute of Technology",
    "csail": "Massachusetts Institute of Technology",
    "csail mit": "Massachusetts Institute of Technology",
    "computer science artificial intelligence laboratory": "Massachusetts Institute of Technology",
    "massachusetts inst of technology": "Massachusetts Institute of Technology",
    "cmu": "Carnegie Mellon University",
    "carnegie mellon": "Carnegie Mellon University",
    "carnegie mellon univ": "Carnegie Mellon University",
    "stanford": "Stanford University",
    "university of stanford": "Stanford University",
    "harvard": "Harvard University",
    "princeton": "Princeton University",
    "nyu": "New York University",
    "usc": "University of Southern California",
    "uiuc": "University of Illinois Urbana-Champaign",
    "university of illinois urbana": "University of Illinois Urbana-Champaign",
    "university of illinois champaign": "University of Illinois Urbana-Champaign",
    "university of illinois urbana champaign": "University of Illinois Urbana-Champaign",
    "university of illinois": "University of Illinois Urbana-Champaign",
    "ucla": "University of California, Los Angeles",
    "uc los angeles": "University of California, Los Angeles",
    "ucb": "University of California, Berkeley",
    "uc berkeley": "University of California, Berkeley",
    "university of california berkeley": "University of California, Berkeley",
    "university of california los angeles": "University of California, Los Angeles",
    "university of california san diego": "University of California, San Diego",
    "ucsd": "University of California, San Diego",
    "uc san diego": "University of California, San Diego",
    "uci": "University of California, Irvine",
    "uc irvine": "University of California, Irvine",
    "university of california irvine": "University of California, Irvine",
    "uc davis": "University of California, Davis",
    "university of california davis": "University of California, Davis",
    "ucsb": "University of California, Santa Barbara",
    "uc santa barbara": "University of California, Santa Barbara",
    "university of california santa barbara": "University of California, Santa Barbara",
    "ucsc": "University of California, Santa Cruz",
    "uc santa cruz": "University of California, Santa Cruz",
    "university of california santa cruz": "University of California, Santa Cruz",
    "uc riverside": "University of California, Riverside",
    "university of california riverside": "University of California, Riverside",
    "uc merced": "University of California, Merced",
    "university of california merced": "University of California, Merced",
    "ut austin": "University of Texas at Austin",
    "university of texas austin": "University of Texas at Austin",
    "unc chapel hill": "University of North Carolina at Chapel Hill",
    "university of north carolina chapel hill": "University of North Carolina at Chapel Hill",
    "university of maryland college park": "University of Maryland",
    "university of michigan ann arbor": "University of Michigan",
    "university of minnesota twin cities": "University of Minnesota",
    "university of minnesota minneapolis": "University of Minnesota",
    "university of wisconsin madison": "University of Wisconsin–Madison",
    "university of massachusetts amherst": "University of Massachusetts Amherst",
    "umass amherst": "University of Massachusetts Amherst",
    "university of colorado boulder": "University of Colorado Boulder",
    "georgia tech": "Georgia Institute of Technology",
    "caltech": "California Institute of Technology",
    "virginia tech": "Virginia Tech",
    "virginia polytechnic institute state university": "Virginia Tech",
    "penn state": "Pennsylvania State University",
    "penn state university": "Pennsylvania State University",
    "washington university st louis": "Washington University in St. Louis",
    "washington university in st louis": "Washington University in St. Louis",
    "kaist": "KAIST",
    "korea advanced institute of science technology": "KAIST",
    "korea advanced institute of science technology kaist": "KAIST",
    "eth": "ETH Zurich",
    "ethz": "ETH Zurich",
    "eth zurich": "ETH Zurich",
    "ethz eth zurich": "ETH Zurich",
    "swiss federal institute of technology zurich": "ETH Zurich",
    "eidgenossische technische hochschule zurich": "ETH Zurich",
    "epfl": "EPFL",
    "ecole polytechnique federale de lausanne": "EPFL",
    "ecole polytechnique federale lausanne": "EPFL",
    "swiss federal institute of technology lausanne": "EPFL",
    "epfl lausanne": "EPFL",
    "hkust": "Hong Kong University of Science and Technology",
    "cuhk": "Chinese University of Hong Kong",
    "nus": "National University of Singapore",
    "ustc": "University of Science and Technology of China",
    "shanghai jiaotong university": "Shanghai Jiao Tong University",
    "xian jiaotong university": "Xi’an Jiaotong University",
    "ucl": "University College London",
    "imperial college": "Imperial College London",
    "oxford university": "University of Oxford",
    "oxford": "University of Oxford",
    "cambridge university": "University of Cambridge",
    "tum": "Technical University of Munich",
    "tu munich": "Technical University of Munich",
    "technische universitat munchen": "Technical University of Munich",
    "technical university munich": "Technical University of Munich",
    "technical university munchen": "Technical University of Munich",
    "tu berlin": "Technical University of Berlin",
    "technische universitat berlin": "Technical University of Berlin",
    "technical university berlin": "Technical University of Berlin",
    "tu darmstadt": "Technical University of Darmstadt",
    "technische universitat darmstadt": "Technical University of Darmstadt",
    "technical university darmstadt": "Technical University of Darmstadt",
    "tokyo university": "University of Tokyo",
    "technion israel institute of technology": "Technion",
    "technion": "Technion",
    "israel institute of technology": "Technion",
    "istituto italiano di tecnologia": "Istituto Italiano di Tecnologia",
    "italian institute of technology": "Istituto Italiano di Tecnologia",
    "dlr german aerospace center": "German Aerospace Center",
    "dlr": "German Aerospace Center",
    "german aerospace center dlr": "German Aerospace Center",
    "hebrew university": "Hebrew University of Jerusalem",
    "cas": "Chinese Academy of Sciences",
    "iit bombay": "Indian Institute of Technology Bombay",
    "iit delhi": "Indian Institute of Technology Delhi",
    "iit kanpur": "Indian Institute of Technology Kanpur",
    "iit madras": "Indian Institute of Technology Madras",
    "iit kharagpur": "Indian Institute of Technology Kharagpur",
    "inria": "Inria",
    "facebook artificial intelligence research": "Facebook AI Research",
    "fair": "Facebook AI Research",
    "google deepmind": "Google DeepMind",
    "nvidia": "NVIDIA",
    "nvidia research": "NVIDIA Research",
    "amazon com": "Amazon",
    "nanyang technological university singapore": "Nanyang Technological University",
    "ntu singapore": "Nanyang Technological University",
    "mbzuai": "Mohamed bin Zayed University of Artificial Intelligence",
    "allen institute for ai": "Allen Institute for Artificial Intelligence",
    "ai2": "Allen Institute for Artificial Intelligence",
    "postech": "POSTECH",
    "pohang university of science technology": "POSTECH",
    "unist": "UNIST",
    "ulsan national institute of science technology": "UNIST",
    "kth": "KTH Royal Institute of Technology",
    "royal institute of technology": "KTH Royal Institute of Technology",
    "anu": "Australian National University",
    "rutgers": "Rutgers University",
    "tel aviv university": "Tel Aviv University",
}

_COUNTRIES_TEXT: Final = (
    "AE:uae,u a e,united arab emirates|AR:argentina|AT:austria|AU:australia|BD:bangladesh|BE:belgium|BG:bulgaria|BO:bolivia|"
    "BR:brazil,brasil|BY:belarus|CA:canada|CH:switzerland|CL:chile|"
    "CN:china,p r china,pr china,p r c,prc,peoples republic of china,people s republic of china|"
    "CO:colombia|CR:costa rica|CU:cuba|CY:cyprus|CZ:czech republic,czechia|DE:germany,deutschland|DK:denmark|DZ:algeria|"
    "EC:ecuador|EE:estonia|EG:egypt|ES:spain,espana|ET:ethiopia|FI:finland|FR:france|"
    "GB:uk,u k,united kingdom,great britain,england,scotland,wales,northern ireland|GH:ghana|GR:greece|"
    "HK:hong kong,hong kong sar,hong kong china|HR:croatia|HU:hungary|ID:indonesia|IE:ireland|IL:israel|IN:india|IQ:iraq|"
    "IR:iran|IS:iceland|IT:italy,italia|JO:jordan|JP:japan|KE:kenya|KR:korea,south korea,republic of korea,korea south|"
    "KW:kuwait|KZ:kazakhstan|LB:lebanon|LK:sri lanka|LT:lithuania|LU:luxembourg|LV:latvia|MA:morocco|MK:north macedonia|"
    "MO:macau,macao|MT:malta|MX:mexico|MY:malaysia|NG:nigeria|NL:netherlands,the netherlands,holland|NO:norway|NP:nepal|"
    "NZ:new zealand|OM:oman|PE:peru|PH:philippines|PK:pakistan|PL:poland|PT:portugal|QA:qatar|RO:romania|RS:serbia|"
    "RU:russia,russian federation|RW:rwanda|SA:saudi arabia,ksa,kingdom of saudi arabia|SE:sweden|SG:singapore|SI:slovenia|"
    "SK:slovakia|TH:thailand|TN:tunisia|TR:turkey,turkiye|TW:taiwan,taiwan r o c,taiwan roc,republic of china|TZ:tanzania|"
    "UA:ukraine|UG:uganda|US:usa,us,u s a,u s,united states,united states of america|UY:uruguay|UZ:uzbekistan|VE:venezuela|"
    "VN:vietnam,viet nam|ZA:south africa"
)
COUNTRIES: Final = {
    name: code
    for code, _, names in (entry.partition(":") for entry in _COUNTRIES_TEXT.split("|"))
    for name in names.split(",")
}
"""Names of countries as affiliations end in them, by ISO 3166 code. Georgia is left out: it is a state as often."""
